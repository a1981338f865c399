-- public.public.everything
insert into "public"."public.everything_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."public.everything_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129486798177489156227461924768093418526913576567047: "[18446744073709551615]", {"id":18446744073709551615}, {"price":0.00,"exact":1234567890123456789012345678.9012345678,"free":-7,"day":"2026-03-02","at":"08:35:30.123456","made":"2026-03-02T08:35:30.123","made_us":"2026-03-02T08:35:30.123456","never":"infinity","zoned":"2026-03-02T08:35:30.123456Z","lasts":"PT3723.5S","doc":[],"uid":"0a0b0c0d-0e0f-4011-9213-141516171819","state":"old","bits":"BQI=","raw":"AAEC/w==","days":["1970-01-01",null,"2026-03-02"],"words":["a","b\"c"],"labels":{"k":"v","n":null},"place":{"x":6.957,"y":50.941,"wkb":"AQEAAAA=","srid":null},"ok":true,"nothing":null}, {}, "p.0000.1.00000000016e90a0.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:49.395123Z"
-- 49672129486798177489156227461927185945057756171925979406: "[7]", {"id":7}, null, {}, "p.0000.1.00000000016e9168.00000001.0000000000000000", true, "2026-03-02T08:35:50.257123Z"
