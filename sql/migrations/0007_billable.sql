-- What a request cost is known or unknown, whatever it was billed by: pages, seconds, images and searches have a
-- cost and no tokens. Until now `priced` counted requests with tokens alone, so that a cost without tokens was
-- hidden, and a missing price too. `billable` is what `priced` is a share of from now on (sql/060_rollups.sql).
--
-- A failure that used nothing costs nothing, and says nothing of what its model costs: it is not billable.
-- Requests without tokens are few: those alone are counted here, so that no rollup has to be worked out again.

alter table public.usage_user_daily add column billable numeric not null default 0;
alter table public.usage_user_monthly add column billable numeric not null default 0;
alter table public.usage_org_daily add column billable numeric not null default 0;
alter table public.usage_tag_monthly add column billable numeric not null default 0;

update public.usage_user_daily set billable = measurable where true;
update public.usage_user_monthly set billable = measurable where true;
update public.usage_org_daily set billable = measurable where true;
update public.usage_tag_monthly set billable = measurable where true;

create temporary table tokenless on commit drop as
  select r.user_profile_id, r.team, r.provider, r.model, r.tags, (r.cost_usd is not null)::int as priced,
         (r.started_at at time zone z.zone)::date as day, date_trunc('month', r.started_at at time zone z.zone)::date as month
    from public.request_logs r
   cross join (select coalesce((select s.value #>> '{}' from public.settings s where s.key = 'reporting_timezone'), 'UTC') as zone) z
   where not r.cache_hit and r.tokens_used = 0 and (r.cost_usd > 0 or r.status <> 'failure');

update public.usage_user_daily u set billable = u.billable + t.billable, priced = u.priced + t.priced
  from (select user_profile_id, day, provider, model, count(*) as billable, sum(priced) as priced from tokenless group by 1, 2, 3, 4) t
 where u.user_id = t.user_profile_id and u.day = t.day and u.provider = t.provider and u.model = t.model;
update public.usage_user_monthly u set billable = u.billable + t.billable, priced = u.priced + t.priced
  from (select coalesce(user_profile_id, '') as user_id, month, provider, model, count(*) as billable, sum(priced) as priced from tokenless group by 1, 2, 3, 4) t
 where u.user_id = t.user_id and u.month = t.month and u.provider = t.provider and u.model = t.model;
update public.usage_org_daily u set billable = u.billable + t.billable, priced = u.priced + t.priced
  from (select day, coalesce(team, '') as team, provider, model, count(*) as billable, sum(priced) as priced from tokenless group by 1, 2, 3, 4) t
 where u.day = t.day and u.team = t.team and u.provider = t.provider and u.model = t.model;
update public.usage_tag_monthly u set billable = u.billable + t.billable, priced = u.priced + t.priced
  from (select month, tag, provider, model, count(*) as billable, sum(priced) as priced from tokenless cross join lateral unnest(tags) as x (tag) group by 1, 2, 3, 4) t
 where u.month = t.month and u.tag = t.tag and u.provider = t.provider and u.model = t.model;
