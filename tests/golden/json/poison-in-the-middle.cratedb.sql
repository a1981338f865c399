-- doc.invoices
alter table "doc"."invoices_cdc"
  add column "data"['n'] double precision,
  add column "pk"['id'] double precision,
  add column "pk"['tenant'] text;
-- doc.invoices
insert into "doc"."invoices_cdc" (key, pk, data, aux, version, deleted, changed_at, applied_at)
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
-- 49672129492597747626745349298982049321760464996583947320: null, "[1,\"acme\"]", {"id":1,"tenant":"acme"}, {"n":3}, {}, "j.0000.1.n.0013", false, null
-- 49672129492578579047014789953555721509826611851167758310: null, "[2,\"acme\"]", {"id":2,"tenant":"acme"}, {"n":1}, {}, "j.0000.1.n.0011", false, null
-- 49672129492612896495209831289726662213277310351749674330: null, "[3,\"acme\"]", {"id":3,"tenant":"acme"}, {"n":1}, {}, "j.0000.1.n.0011", false, null
-- 49672129493288950119957326414823306230669568897118665340: null, "[4,\"acme\"]", {"id":4,"tenant":"acme"}, {"n":1}, {}, "j.0000.1.n.0011", false, null
-- 49672129493558792998947582393149295160907790796216204350: null, "[5,\"acme\"]", {"id":5,"tenant":"acme"}, {"n":1}, {}, "j.0000.1.n.0011", false, null
-- 49672129494507685645612160790427781528784721092639851360: null, "[6,\"acme\"]", {"id":6,"tenant":"acme"}, {"n":1}, {}, "j.0000.1.n.0011", false, null
-- 49672129494776130856404660044973034943304318126271624370: null, "[7,\"acme\"]", {"id":7,"tenant":"acme"}, {"n":1}, {}, "j.0000.1.n.0011", false, null
warning: 8 records would be parked; `rowtide decode` says why.
