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
-- 49672129486798207172041172839187292611950394962016297851: "[18446744073709551615]", {"id":18446744073709551615}, {"tiny":-128,"flag":1,"bits":9223372036854775808,"price":12345678901234567890.1234567890,"small":1E-7,"ratio":0.1,"year":2026,"day":"2026-03-02","never":"0000-00-00 00:00:00","at":"2026-03-02 08:35:30.123456","duration":"-838:59:59","name":"Grüße aus \"Köln\"\n","empty":"","binary":"/+8AQQ==","choice":"red","colours":["red","blue"],"no_colours":[],"place":"POINT (11.39 47.27)","attributes":{"a":[1.10,{"b":null}],"big":12345678901234567890},"attributes_null":null,"nothing":null}, {}, "x.0000.1.00000000000000e7.00000000007be80e.ffffffffffffffff", false, "2026-03-02T08:35:30.000000Z"
-- 49672129486798207172041172839216013001163745317490286769: "[2]", {"id":2}, {"attributes":"text","nothing":"null"}, {"/data/name":"\"\\ud83d\\ude9a and \\u0000\""}, "x.0000.1.00000000000000e7.00000000007beaaa.ffffffffffffffff", false, "2026-03-02T08:35:31.000000Z"
