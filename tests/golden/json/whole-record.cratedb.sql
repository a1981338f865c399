-- doc.readings
alter table "doc"."readings_cdc"
  add column "data"['nested'] object(strict) as ("a/b" array(double precision)),
  add column "data"['temperature'] double precision,
  add column "data"['updated_at'] text,
  add column "pk"['device'] text;
-- doc.readings
insert into "doc"."readings_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129488326295337457173609971719531463191138301763230: null, "[\"d-1\"]", {"device":"d-1"}, {"updated_at":"2026-03-02T08:35:30.5Z","temperature":21.75}, {}, "j.0000.1.t.0191772440530500000000", false, "2026-03-02T08:35:30.500000Z"
-- 49672129489824447782765835424723166644107117399213684250: null, "[\"d-2\"]", {"device":"d-2"}, {"updated_at":"2026-03-02T08:35:31Z","temperature":null,"nested":{"a/b":[1.1]}}, {}, "j.0000.1.t.0191772440531000000000", false, "2026-03-02T08:35:31.000000Z"
