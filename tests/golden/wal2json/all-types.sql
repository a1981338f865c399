-- public.shop.everything
insert into "public"."shop.everything_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."shop.everything_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798246372534112706032556105606930656877691905: "[9223372036854775807]", {"id":9223372036854775807}, {"small":-32768,"real":1e+20,"double":0.1,"nan":null,"money":1234567890123456789012345678.0123456789,"as_text":1234567890123456789012345678.0123456789,"nan_text":"NaN","flag":true,"bytes":"AP9B","no_bytes":"","doc":{"a":[1.10,{"b":null}],"big":12345678901234567890},"doc_text":{"a":2},"doc_null":null,"tags":"{a,\"b c\",NULL}","numbers":"{1,2}","range":"[1,10)","point":"(11.39,47.27)","uuid":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11","day":"2026-03-02","at":"2026-03-02 08:35:30.123456","span":"1 mon -01:00:00","code":"ab    ","amount":"12.50","hstore":"\"k\"=>\"v\"","nothing":null,"empty":""}, {}, "w.0000.1.00000007016b2458", false, "2026-03-02T08:35:30.123456Z"
