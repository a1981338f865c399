-- doc.public.everything
alter table "doc"."public_everything_cdc"
  add column "data"['at'] text,
  add column "data"['bits'] text,
  add column "data"['day'] text,
  add column "data"['days'] array(text),
  add column "data"['free'] double precision,
  add column "data"['labels'] object(strict) as ("k" text),
  add column "data"['lasts'] text,
  add column "data"['made'] text,
  add column "data"['made_us'] text,
  add column "data"['never'] text,
  add column "data"['ok'] boolean,
  add column "data"['place'] object(strict) as ("wkb" text, "x" double precision, "y" double precision),
  add column "data"['raw'] text,
  add column "data"['state'] text,
  add column "data"['uid'] text,
  add column "data"['words'] array(text),
  add column "data"['zoned'] text,
  add column "pk"['id'] double precision;
-- doc.public.everything
insert into "doc"."public_everything_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values
  ($2, $3, $4, $5, $6, $7, $8, $1)
on conflict (key) do update set
  pk = case when version is null or excluded.version > version then excluded.pk else pk end,
  data = case when version is null or excluded.version > version then excluded.data else data end,
  aux = case when version is null or excluded.version > version then excluded.aux else aux end,
  version = case when version is null or excluded.version > version then excluded.version else version end,
  deleted = case when version is null or excluded.version > version then excluded.deleted else deleted end,
  changed_at = case when version is null or excluded.version > version then excluded.changed_at else changed_at end,
  applied_at = case when version is null or excluded.version > version then excluded.applied_at else applied_at end
returning key, version, applied_at;
-- 49672129486798177489156227461924768093418526913576567047: null, "[18446744073709551615]", {}, {"free":-7,"day":"2026-03-02","at":"08:35:30.123456","made":"2026-03-02T08:35:30.123","made_us":"2026-03-02T08:35:30.123456","never":"infinity","zoned":"2026-03-02T08:35:30.123456Z","lasts":"PT3723.5S","uid":"0a0b0c0d-0e0f-4011-9213-141516171819","state":"old","bits":"BQI=","raw":"AAEC/w==","days":["1970-01-01",null,"2026-03-02"],"words":["a","b\"c"],"labels":{"k":"v"},"place":{"x":6.957,"y":50.941,"wkb":"AQEAAAA="},"ok":true}, {"/pk/id":"18446744073709551615","/data/price":"0.00","/data/exact":"1234567890123456789012345678.9012345678","/data/doc":"[]","/data/labels/n":"null","/data/place/srid":"null","/data/nothing":"null"}, "p.0000.1.00000000016e90a0.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:49.395123Z"
-- 49672129486798177489156227461927185945057756171925979406: null, "[7]", {"id":7}, null, {}, "p.0000.1.00000000016e9168.00000001.0000000000000000", true, "2026-03-02T08:35:50.257123Z"
