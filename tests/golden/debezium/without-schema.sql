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
-- 49672129486798177489156227461930812722516600059450097946: "[\"AP//////////\"]", {"id":"AP//////////"}, {"price":"hQ==","exact":"CUmw9vACMxPESZBQ3jjzTg==","free":{"scale":3,"value":"A+k="},"day":20514,"at":30930123456,"made":1772440530123,"made_us":1772440530123456,"never":9223372036825200000,"zoned":"2026-03-02T08:35:30.123456Z","lasts":3723500000,"doc":"{\"a\": [1.10, {\"b\": null}]}","uid":"0a0b0c0d-0e0f-4011-9213-141516171819","state":"new","bits":"BQI=","raw":"AAEC/w==","days":[0,null,20514],"words":["a","b\"c"],"labels":{"k":"v","n":null},"place":{"x":6.957,"y":50.941,"wkb":"AQEAAAA=","srid":null},"ok":true,"nothing":null}, {}, "p.0000.1.00000000016e9058.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:51.119123Z"
-- 49672129486798177489156227461933230574155829317799510303: "[\"Bw==\"]", {"id":"Bw=="}, null, {}, "p.0000.1.00000000016e9168.00000001.0000000000000000", true, "2026-03-02T08:35:51.981123Z"
