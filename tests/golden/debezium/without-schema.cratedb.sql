-- doc.public.everything
alter table "doc"."public_everything_cdc"
  add column "data"['at'] double precision,
  add column "data"['bits'] text,
  add column "data"['day'] double precision,
  add column "data"['days'] array(double precision),
  add column "data"['doc'] text,
  add column "data"['exact'] text,
  add column "data"['free'] object(strict) as ("scale" double precision, "value" text),
  add column "data"['labels'] object(strict) as ("k" text),
  add column "data"['lasts'] double precision,
  add column "data"['made'] double precision,
  add column "data"['made_us'] double precision,
  add column "data"['never'] double precision,
  add column "data"['ok'] boolean,
  add column "data"['place'] object(strict) as ("wkb" text, "x" double precision, "y" double precision),
  add column "data"['price'] text,
  add column "data"['raw'] text,
  add column "data"['state'] text,
  add column "data"['uid'] text,
  add column "data"['words'] array(text),
  add column "data"['zoned'] text,
  add column "pk"['id'] text;
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
-- 49672129486798177489156227461930812722516600059450097946: null, "[\"AP//////////\"]", {"id":"AP//////////"}, {"price":"hQ==","exact":"CUmw9vACMxPESZBQ3jjzTg==","free":{"scale":3,"value":"A+k="},"day":20514,"at":30930123456,"made":1772440530123,"made_us":1772440530123456,"never":9223372036825200000,"zoned":"2026-03-02T08:35:30.123456Z","lasts":3723500000,"doc":"{\"a\": [1.10, {\"b\": null}]}","uid":"0a0b0c0d-0e0f-4011-9213-141516171819","state":"new","bits":"BQI=","raw":"AAEC/w==","days":[0,null,20514],"words":["a","b\"c"],"labels":{"k":"v"},"place":{"x":6.957,"y":50.941,"wkb":"AQEAAAA="},"ok":true}, {"/data/labels/n":"null","/data/place/srid":"null","/data/nothing":"null"}, "p.0000.1.00000000016e9058.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:51.119123Z"
-- 49672129486798177489156227461933230574155829317799510303: null, "[\"Bw==\"]", {"id":"Bw=="}, null, {}, "p.0000.1.00000000016e9168.00000001.0000000000000000", true, "2026-03-02T08:35:51.981123Z"
