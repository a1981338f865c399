-- doc.shop.visits
alter table "doc"."shop_visits_cdc"
  add column "data"['a'] double precision,
  add column "data"['b'] text,
  add column "pk"['position'] text;
-- doc.shop.visits
insert into "doc"."shop_visits_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227461865530728257410087733174486: null, "[\"49672129486798177489156227461865530728257410087733174486\"]", {"position":"49672129486798177489156227461865530728257410087733174486"}, {"a":1,"b":"x"}, {}, "m.0000.0.00064c0678301b14", false, null
-- 49672129486798177489156227461865530728257410088662477055: null, "[\"49672129486798177489156227461865530728257410088662477055\"]", {"position":"49672129486798177489156227461865530728257410088662477055"}, {"a":1,"b":"x"}, {}, "m.0000.1.000000027c007838.0000000000000001", false, "2026-03-02T08:35:30.212485Z"
-- doc.shop.tags
alter table "doc"."shop_tags_cdc"
  add column "pk"['a'] double precision,
  add column "pk"['b'] text;
-- doc.shop.tags
insert into "doc"."shop_tags_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227461865530728257410093308989900: null, "[1,\"x\"]", {"a":1,"b":"x"}, null, {}, "m.0000.1.000000027c0080a8.0000000000000001", true, "2026-03-02T08:35:30.334070Z"
-- 49672129486798177489156227461865530728257410093308989900: null, "[1,\"y\"]", {"a":1,"b":"y"}, {}, {}, "m.0000.1.000000027c0080a8.0000000000000001", false, "2026-03-02T08:35:30.334070Z"
-- 49672129486798177489156227461865530728257410092379687331: null, "[2,null]", {"a":2,"b":null}, {}, {}, "m.0000.1.000000027c007ef8.0000000000000001", false, "2026-03-02T08:35:30.309753Z"
warning: 3 records would be parked; `rowtide decode` says why.
