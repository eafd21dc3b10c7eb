-- What became of what was sent: stored, there already or refused with a reason, counted by day and source
-- with every batch, whoever sends it. For the admins' Data-quality page.

comment on table private.ingest_counts is 'What became of sent requests, by day of arrival and source.';
comment on column private.ingest_counts.day is 'Day of arrival in the reporting time zone.';
comment on column private.ingest_counts.source is 'What sent them: sdk, proxy, api, import, demo, or other.';
comment on column private.ingest_counts.requests is 'Stored.';
comment on column private.ingest_counts.duplicates is 'There already: sent again, and counted once.';
comment on column private.ingest_counts.rejected is 'Refused, with reasons in ingest_rejections.';
comment on column private.ingest_counts.last_event_at is 'Start of the newest usable request (UTC).';
comment on column private.ingest_counts.last_received_at is 'Arrival of the newest batch (UTC).';

comment on table private.ingest_rejections is 'Why requests were refused, by day of arrival, source and reason.';
comment on column private.ingest_rejections.day is 'Day of arrival in the reporting time zone.';
comment on column private.ingest_rejections.source is 'What sent them.';
comment on column private.ingest_rejections.reason is 'In words.';
comment on column private.ingest_rejections.count is 'How many.';
comment on column private.ingest_rejections.last_at is 'Arrival of the last one (UTC).';
comment on column private.ingest_rejections.example is 'Event id and model of the last one, cut to 300 characters.';

comment on table private.ingest_flags is 'What was cut, not understood or put right in stored requests, by day of arrival, source and flag.';
comment on column private.ingest_flags.day is 'Day of arrival in the reporting time zone.';
comment on column private.ingest_flags.source is 'What sent them.';
comment on column private.ingest_flags.flag is 'As in request_logs.flags.';
comment on column private.ingest_flags.count is 'How many requests.';
comment on column private.ingest_flags.last_at is 'Arrival of the last one (UTC).';

revoke all on private.ingest_counts, private.ingest_rejections, private.ingest_flags from public, anon, authenticated, service_role;
alter table private.ingest_counts enable row level security;
alter table private.ingest_rejections enable row level security;
alter table private.ingest_flags enable row level security;

-- A sender may write anything as its source: only names of ours make rows.
create or replace function private.ingest_source(p_source text) returns text
language sql immutable set search_path = '' as $$
  select case when p_source in ('sdk', 'proxy', 'api', 'import', 'demo') then p_source else 'other' end
$$;
comment on function private.ingest_source(text) is 'The source of a request as it is counted.';

-- Reasons and flags hold words of the sender's: new ones are counted by name as long as a day has few of them.
create or replace function private.counted_words(p_said text[], p_known text[]) returns table (said text, word text)
language sql immutable set search_path = '' as $$
  select s.said, case when s.said = any (p_known) or s.place <= 200 - coalesce(cardinality(p_known), 0) then s.said else 'other' end
    from (select x.said, row_number() over (order by x.said = any (p_known), x.said) as place
            from (select distinct unnest(p_said) as said) x) s
$$;
comment on function private.counted_words(text[], text[]) is
  'Under which words reasons or flags are counted: by themselves where a day knows them or has fewer than 200; else other.';
revoke execute on function private.counted_words(text[], text[]) from public;

create or replace function private.count_ingest(p_tallies jsonb, p_rejected jsonb, p_events jsonb) returns void
language plpgsql security definer set search_path = '' as $$
declare
  v_day constant date := (now() at time zone private.reporting_timezone())::date;
begin
  -- Sorted, so that batches which come together never deadlock.
  insert into private.ingest_counts as c (day, source, requests, duplicates, rejected, last_event_at, last_received_at)
  select v_day, private.ingest_source(t.source), sum(t.inserted), sum(t.good - t.inserted), sum(t.rejected), max(t.last_event_at), now()
    from jsonb_to_recordset(p_tallies) as t (source text, good bigint, rejected bigint, inserted bigint, last_event_at timestamptz)
   group by 2 order by 2
  on conflict (source, day) do update set
    requests = c.requests + excluded.requests, duplicates = c.duplicates + excluded.duplicates, rejected = c.rejected + excluded.rejected,
    last_event_at = greatest(c.last_event_at, excluded.last_event_at), last_received_at = greatest(c.last_received_at, excluded.last_received_at);

  if p_rejected <> '[]' then
    insert into private.ingest_rejections as c (day, source, reason, count, last_at, example)
    select v_day, private.ingest_source(coalesce(nullif(s.event ->> 'source', ''), 'api')), w.word, count(*), now(),
           left(max(concat_ws(' ', r.event_id, s.event ->> 'model')), 300)
      from jsonb_to_recordset(p_rejected) as r (event_id text, index integer, reason text)
      cross join lateral (select p_events -> r.index) as s (event)
      join private.counted_words(
        (select array_agg(left(x.reason, 200)) from jsonb_to_recordset(p_rejected) as x (reason text)),
        array(select i.reason from private.ingest_rejections i where i.day = v_day limit 1000)) as w on w.said = left(r.reason, 200)
     group by 2, 3 order by 2, 3
    on conflict (day, source, reason) do update set
      count = c.count + excluded.count, last_at = excluded.last_at, example = excluded.example;
  end if;
end
$$;
comment on function private.count_ingest(jsonb, jsonb, jsonb) is
  'Counts what became of a batch: p_tallies by source (good, inserted, rejected, last_event_at), p_rejected as store_events answers it.';

create or replace function private.count_flags(p_flags jsonb) returns void
language sql security definer set search_path = '' as $$
  insert into private.ingest_flags as c (day, source, flag, count, last_at)
  select t.day, private.ingest_source(f.source), w.word, sum(f.count), now()
    from jsonb_to_recordset(p_flags) as f (source text, flag text, count bigint)
    cross join (select (now() at time zone private.reporting_timezone())::date) as t (day)
    join private.counted_words(
      (select array_agg(x.flag) from jsonb_to_recordset(p_flags) as x (flag text)),
      array(select i.flag from private.ingest_flags i where i.day = (now() at time zone private.reporting_timezone())::date limit 1000)) as w
      on w.said = f.flag
   group by 1, 2, 3 order by 2, 3
  on conflict (day, source, flag) do update set count = c.count + excluded.count, last_at = excluded.last_at
$$;
comment on function private.count_flags(jsonb) is 'Counts the flags of what a batch stored: source, flag and count of each.';

create or replace function private.ingest_quality() returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_from constant date := (now() at time zone private.reporting_timezone())::date - 29;
begin
  perform private.require_admin();
  return jsonb_build_object(
    'since', (select min(day) from private.ingest_counts),
    'sources', (select coalesce(jsonb_agg(to_jsonb(s) order by s.last_received_at desc, s.source), '[]') from (
      select source, max(last_event_at) as last_event_at, max(last_received_at) as last_received_at,
             sum(requests) as requests, sum(duplicates) as duplicates, sum(rejected) as rejected
        from private.ingest_counts group by source) s),
    'days', (select coalesce(jsonb_agg(to_jsonb(d) order by d.day, d.source), '[]') from (
      select day, source, requests, duplicates, rejected from private.ingest_counts where day >= v_from) d),
    'rejections', (select coalesce(jsonb_agg(to_jsonb(r) order by r.at desc, r.source, r.reason), '[]') from (
      select max(last_at) as at, source, reason, sum(count) as count, (array_agg(example order by last_at desc))[1] as example
        from private.ingest_rejections where day >= v_from group by source, reason) r),
    'flags', (select coalesce(jsonb_agg(to_jsonb(f) order by f.count desc, f.source, f.flag), '[]') from (
      select source, flag, sum(count) as count, max(last_at) as at
        from private.ingest_flags where day >= v_from group by source, flag) f));
end
$$;
comment on function private.ingest_quality() is
  'What became of sent requests, for admins only: sources (of all time), days, rejections and flags (of the last 30 days).';

create or replace function public.ingest_quality() returns jsonb
language sql stable security invoker set search_path = '' as $$ select private.ingest_quality() $$;
comment on function public.ingest_quality() is
  'By source: requests stored, duplicates and rejected ones, last event and arrival; by day; rejections with reason, count and example; flags of stored requests. Admins only.';

revoke execute on function private.ingest_source(text), private.count_ingest(jsonb, jsonb, jsonb), private.count_flags(jsonb), private.ingest_quality(),
  public.ingest_quality() from public, anon, authenticated, service_role;
grant execute on function private.ingest_quality(), public.ingest_quality() to authenticated;
