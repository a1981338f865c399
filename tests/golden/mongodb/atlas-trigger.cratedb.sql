-- doc.app-db.posts
alter table "doc"."app-db_posts_cdc"
  add column "data"['at'] text,
  add column "data"['title'] text,
  add column "pk"['_id'] text;
-- doc.app-db.posts
insert into "doc"."app-db_posts_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129487185626257318099713191747247489061926444362230: null, "[\"614cab95890e884a9264002a\"]", {"_id":"614cab95890e884a9264002a"}, {"title":"title 124","at":"2026-03-02T08:35:30.000Z"}, {}, "n.0000.1.69a54bd200000009.8269A54BD2000000092B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003C64A10004", false, "2026-03-02T08:35:30.000000Z"
-- 49672129488509121947145186208213550543937771115456188250: null, "[\"614cab95890e884a9264002b\"]", {"_id":"614cab95890e884a9264002b"}, null, {}, "n.0000.1.69a54bd20000000b.8269A54BD20000000B2B042C0100296E5A1004B3C5D7E9F1A314463C6F7065726174696F6E54797065003C64A10004", true, "2026-03-02T08:35:30.000000Z"
