-- Choices: what the shared filters of the pages offer, and the colour of each model.
--
-- A model has one colour everywhere: the fourteen that the organisation used most have a place in the
-- palette each, the seven most used the plain ones (0 to 6); among these and among the next seven, in the
-- order in which they were first used, so that places stay as use grows. Members get their own models.

create or replace function private.model_places() returns table (model text, place integer)
language sql stable security definer set search_path = '' as $$
  select m.model, (row_number() over (order by m.used_place > 7, m.first_month, m.model))::integer - 1
    from (select u.model, min(u.month) as first_month,
                 row_number() over (order by sum(u.tokens_used) desc, u.model) as used_place
            from public.usage_user_monthly u group by u.model) m
   where m.used_place <= 14
$$;
comment on function private.model_places() is 'The most used models and the place of each in the palette of charts, 0 to 13. Internal.';

create or replace function private.usage_choices(p_organisation boolean) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_me constant text := private.current_user_id();
  v_choices jsonb;
begin
  if p_organisation then
    perform private.require_org_reader();
  end if;
  with used as (
    select u.provider, u.model, sum(u.tokens_used) as tokens_used
      from public.usage_user_monthly u
     where p_organisation or u.user_id = v_me
     group by u.provider, u.model
  ), models as (
    select u.model, sum(u.tokens_used) as tokens_used, min(p.place) as place
      from used u left join private.model_places() p using (model) group by u.model
  ), providers as (
    select u.provider, sum(u.tokens_used) as tokens_used from used u group by u.provider
  )
  select jsonb_build_object(
    'models', (select coalesce(jsonb_agg(jsonb_build_object('model', m.model, 'place', m.place) order by m.tokens_used desc, m.model), '[]') from models m),
    'providers', (select coalesce(jsonb_agg(p.provider order by p.tokens_used desc, p.provider), '[]') from providers p))
  into v_choices;
  if p_organisation and private.people_are_named() then
    v_choices := v_choices || jsonb_build_object(
      'teams', (select coalesce(jsonb_agg(t.team order by t.team), '[]') from (select distinct u.team from public.usage_org_daily u) t));
  end if;
  return v_choices;
end
$$;
comment on function private.usage_choices(boolean) is
  'Models (most used first, with their place in the palette), providers and, for the organisation where people are named, teams.';

create or replace function public.usage_choices(p_organisation boolean default false) returns jsonb
language sql stable security invoker set search_path = '' as $$ select private.usage_choices(p_organisation) $$;
comment on function public.usage_choices(boolean) is
  'What the filters offer: models, providers and teams of one''s own requests, or (admins and finance) of everybody''s.';

revoke execute on function private.model_places(), private.usage_choices(boolean), public.usage_choices(boolean)
  from public, anon, authenticated, service_role;
grant execute on function private.usage_choices(boolean), public.usage_choices(boolean) to authenticated;
