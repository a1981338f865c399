-- doc.shop.settings
alter table "doc"."shop_settings_cdc"
  add column "data"['value'] text,
  add column "pk"['name'] text;
-- doc.shop.settings
insert into "doc"."shop_settings_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798259566835052509035188116604587540444128199: null, "[\"motd\"]", {"name":"motd"}, {"value":"…"}, {}, "w.0000.1.00000007016b2458", false, "2026-03-02T08:35:30.123456Z"
-- doc.shop.user_roles
alter table "doc"."shop_user_roles_cdc"
  add column "pk"['role_id'] double precision,
  add column "pk"['user_id'] double precision;
-- doc.shop.user_roles
insert into "doc"."shop_user_roles_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798259566835052509153305900931813786914683526: null, "[7,1]", {"role_id":7,"user_id":1}, null, {}, "w.0000.1.00000007016b2730", true, "2026-03-02T08:38:22.000007Z"
-- 49672129486798259566835052509153305900931813786914683526: null, "[8,1]", {"role_id":8,"user_id":1}, {}, {}, "w.0000.1.00000007016b2730", false, "2026-03-02T08:38:22.000007Z"
warning: 1 record would be parked; `rowtide decode` says why.
