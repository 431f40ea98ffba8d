-- Temporal's own role and databases, which Kronus' roles cannot open. Run by the superuser; may run again, and then sets
-- the password anew.
\set ON_ERROR_STOP on
\getenv password TEMPORAL_DATABASE_PASSWORD

select 'create role temporal login' where not exists (select from pg_roles where rolname = 'temporal') \gexec
alter role temporal login nosuperuser nocreatedb nocreaterole password :'password';

select format('create database %I owner temporal', name)
from unnest(array['temporal', 'temporal_visibility']) as name
where not exists (select from pg_database where datname = name) \gexec
revoke all on database temporal, temporal_visibility from public;
