with u as materialized (
  select key, pk::jsonb, data, aux, version, deleted, changed_at
  from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
    as u(key, pk, data, aux, version, deleted, changed_at)
), locked as materialized (
  select t.pk from {storage} as t
  where t.pk in (select u.pk from u)
  order by t.pk for update
), removed as (
  delete from {storage} as t using u, locked as l
  where u.deleted and l.pk = u.pk and t.pk = l.pk
), written as (
  insert into {storage} as t (pk, data{aux_name})
  select u.pk, u.data::jsonb{aux_value}
  from u left join locked as l on l.pk = u.pk
  where not u.deleted
  order by u.pk
  on conflict (pk) do update set data = excluded.data{aux_set}
)
select key from u
