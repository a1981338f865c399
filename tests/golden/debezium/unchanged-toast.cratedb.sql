-- doc.public.pages
alter table "doc"."public_pages_cdc"
  add column "data"['body'] text,
  add column "data"['tags'] array(text),
  add column "data"['title'] text,
  add column "pk"['id'] double precision;
-- doc.public.pages
insert into "doc"."public_pages_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227461895753873747775813383618720: null, "[1]", {"id":1}, {"title":"Tide","body":"The sea rises. The sea rises. The sea rises. The sea rises. The sea rises. The sea rises. The sea rises. The sea rises. ","tags":["sea"]}, {}, "p.0000.1.00000000016e9058.00000001.0000000000000000.00000001", false, "2026-03-02T08:35:40.344123Z"
-- 49672129486798177489156227461900589577026234330082443438: null, "[2]", {"id":2}, null, {}, "p.0000.1.00000000016e91cc.00000001.0000000000000000", true, "2026-03-02T08:35:42.068123Z"
-- doc.public.pages
select pk, data, aux, version, deleted, _seq_no, _primary_term from "doc"."public_pages_cdc" where key = $1;
-- 49672129486798177489156227461896962799567390442558324898: "[1]"
-- doc.public.pages
insert into "doc"."public_pages_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values ($1, $2, $3, $4, $5, false, $6, $7)
on conflict (key) do nothing;
-- 49672129486798177489156227461896962799567390442558324898: "[1]", {"id":1}, {"set":{"/title":"Tides","/tags":["sea","moon"]},"remove":[]}, {}, "p.0000.1.00000000016e90a0.00000001.0000000000000000.00000001", "2026-03-02T08:35:40.775123Z", null
-- doc.public.pages
select pk, data, aux, version, deleted, _seq_no, _primary_term from "doc"."public_pages_cdc" where key = $1;
-- 49672129486798177489156227461898171725387005071733031077: "[1]"
-- doc.public.pages
insert into "doc"."public_pages_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
values ($1, $2, $3, $4, $5, false, $6, $7)
on conflict (key) do nothing;
-- 49672129486798177489156227461898171725387005071733031077: "[1]", {"id":1}, {"set":{"/title":"Tides and rows"},"remove":[]}, {}, "p.0000.1.00000000016e9104.00000001.0000000000000000.00000001", "2026-03-02T08:35:41.206123Z", null
warning: 1 record would be parked; `rowtide decode` says why.
