-- doc.shop.events
alter table "doc"."shop_events_cdc"
  add column "data"['data'] object(strict) as ("before" object(strict) as ("id" double precision)),
  add column "data"['id'] text,
  add column "data"['payload'] object(strict) as ("items" array(double precision), "total" double precision),
  add column "data"['specversion'] text,
  add column "data"['type'] text,
  add column "pk"['_id'] double precision;
-- doc.shop.events
insert into "doc"."shop_events_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227461934439499975443946974216480: null, "[1]", {"_id":1}, {"type":"order.created","payload":{"total":5,"items":[1,2]}}, {}, "g.0000.1.0000019cadb08240.0000000000000001.00000001.0000000000000000.05649672129486798177489156227461934439499975443946974216480.00000000", false, "2026-03-02T08:35:52.000000Z"
-- 49672129486798177489156227461940484129073517092847747370: null, "[2]", {"_id":2}, null, {}, "g.0000.1.0000019cadb08240.0000000000000005.00000001.0000000000000000.05649672129486798177489156227461940484129073517092847747370.00000000", true, "2026-03-02T08:35:52.000000Z"
-- 49672129486798177489156227461936857351614673205323628836: null, "[3]", {"_id":3}, {"specversion":"1.0","data":{"before":{"id":9}},"id":"e-3"}, {}, "g.0000.1.0000019cadb08240.0000000000000003.00000001.0000000000000000.05649672129486798177489156227461936857351614673205323628836.00000000", false, "2026-03-02T08:35:52.000000Z"
-- doc.public.messages
alter table "doc"."public_messages_cdc"
  add column "data"['ddl'] text,
  add column "data"['event_count'] double precision,
  add column "data"['payload'] object(strict) as ("__op" text, "id" double precision),
  add column "data"['schema'] object(strict) as ("v" double precision),
  add column "data"['status'] text,
  add column "data"['ts_ms'] double precision,
  add column "pk"['id'] double precision;
-- doc.public.messages
insert into "doc"."public_messages_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227461938066277434287834498335014: null, "[10]", {"id":10}, {"schema":{"v":1},"payload":{"id":11},"status":"END","event_count":2}, {}, "p.0000.1.00000000016e9058.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:52.000000Z"
-- 49672129486798177489156227461939275203253902463673041192: null, "[11]", {"id":11}, {"payload":{"id":12,"__op":"d"},"schema":null,"ts_ms":5,"ddl":"drop"}, {"/data/tableChanges":"[]"}, "p.0000.1.00000000016e90a0.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:52.000000Z"
