-- Receipts: where the project has Supabase Storage, a private bucket for receipt files. Each is named by the
-- SHA-256 of its content: a file can be neither replaced nor exchanged. Everybody signed in reads them, as everybody
-- reads the donations; finance and admins add them; nobody changes or deletes one through the API. Without Storage
-- this file does nothing, and a donation has the link to its receipt and the SHA-256. The tables of Storage are
-- another's: where that owner lets us make no policies, all the rest of the schema is applied, and a warning says
-- what is missing.

do $$
begin
  if to_regclass('storage.buckets') is null or to_regclass('storage.objects') is null then
    return;
  end if;
  begin
    insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
    values ('receipts', 'receipts', false, 10485760, array['application/pdf', 'image/jpeg', 'image/png'])
    on conflict (id) do update set public = false, file_size_limit = excluded.file_size_limit, allowed_mime_types = excluded.allowed_mime_types;

    drop policy if exists "everyone signed in sees the bucket of the receipts" on storage.buckets;
    create policy "everyone signed in sees the bucket of the receipts" on storage.buckets
      for select to authenticated using (id = 'receipts' and (select private.current_user_id()) is not null);
    drop policy if exists "everyone signed in reads the receipts" on storage.objects;
    create policy "everyone signed in reads the receipts" on storage.objects
      for select to authenticated using (bucket_id = 'receipts' and (select private.current_user_id()) is not null);
    drop policy if exists "finance and admins add receipts" on storage.objects;
    create policy "finance and admins add receipts" on storage.objects
      for insert to authenticated with check (bucket_id = 'receipts' and name ~ '^[0-9a-f]{64}$' and (select private.is_org_reader()));
  exception when insufficient_privilege then
    raise warning 'Receipts cannot be kept in Supabase Storage: this project refuses its bucket or its policies to the role that migrates (%). '
      'A donation has the link to its receipt; to keep files, run sql/175_receipts.sql as the owner of storage.objects.', sqlerrm;
  end;
end
$$;
