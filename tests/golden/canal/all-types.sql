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
-- 49672129486798261458914796511962341320461918688994609309: "[18446744073709551615]", {"id":18446744073709551615}, {"flag":1,"bits":129,"price":1234567890123456789012345678.0123456789,"ratio":1.0E-300,"real":0.1,"year":2026,"day":"2026-03-02","never":"0000-00-00 00:00:00","duration":"-838:59:59","name":"Grüße aus \"Köln\"\n","number_like":"007","empty":"","binary":"AP9B","blob":"","choice":"it's","colours":["red","blue"],"no_colours":[],"label":"red","doc":{"a":[1.10,{"b":null}],"big":12345678901234567890},"nothing":null}, {}, "c.0000.1.0000019cadb02c50.05649672129486798261458914796511962341320461918688994609309.00000000", false, "2026-03-02T08:35:30.000000Z"
