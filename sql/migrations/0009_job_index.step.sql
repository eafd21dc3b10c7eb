create index concurrently if not exists request_logs_job_idx on public.request_logs (job_id) where job_id is not null;
