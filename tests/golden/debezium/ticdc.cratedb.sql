-- doc.eu.users
alter table "doc"."eu_users_cdc"
  add column "data"['n'] text,
  add column "pk"['id'] double precision;
-- doc.eu.users
insert into "doc"."eu_users_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227461936857351614673205323628836: null, "[1]", {"id":1}, {"n":"eu, later"}, {}, "t.0000.1.06378f24821c005c.00000001", false, "2026-03-02T08:35:52.000000Z"
-- doc.us.users
alter table "doc"."us_users_cdc"
  add column "data"['n'] text,
  add column "pk"['id'] double precision;
-- doc.us.users
insert into "doc"."us_users_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129486798177489156227461939275203253902463673041192: null, "[1]", {"id":1}, null, {}, "t.0000.1.06378f24821c00c0", true, "2026-03-02T08:35:52.000000Z"
-- 49672129486798177489156227461940484129073517092847747370: null, "[2]", {"id":2}, {"n":"us"}, {}, "t.0000.1.06378f24821c00c0.00000001", false, "2026-03-02T08:35:52.000000Z"
