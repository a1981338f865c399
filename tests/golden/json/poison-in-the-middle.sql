-- public.invoices
insert into "public"."invoices_cdc" as t (key, pk, data, aux, version, deleted, changed_at, applied_at)
select u.key, u.pk::jsonb, u.data::jsonb, u.aux::jsonb, u.version, u.deleted, u.changed_at, clock_timestamp()
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::timestamptz[])
  as u(key, pk, data, aux, version, deleted, changed_at)
where not exists (
  select from "public"."invoices_cdc" as s
  where s.key = u.key collate "C" and s.version >= u.version collate "C")
order by u.key collate "C"
on conflict (key) do update set
  pk = excluded.pk, data = excluded.data, aux = excluded.aux, version = excluded.version, deleted = excluded.deleted,
  changed_at = excluded.changed_at, applied_at = excluded.applied_at
where excluded.version > t.version
returning t.key;
-- 49672129492597747626745349298982049321760464996583947320: "[1,\"acme\"]", {"id":1,"tenant":"acme"}, {"n":3}, {}, "j.0000.1.n.0013", false, null
-- 49672129492578579047014789953555721509826611851167758310: "[2,\"acme\"]", {"id":2,"tenant":"acme"}, {"n":1}, {}, "j.0000.1.n.0011", false, null
-- 49672129492612896495209831289726662213277310351749674330: "[3,\"acme\"]", {"id":3,"tenant":"acme"}, {"n":1}, {}, "j.0000.1.n.0011", false, null
-- 49672129493288950119957326414823306230669568897118665340: "[4,\"acme\"]", {"id":4,"tenant":"acme"}, {"n":1}, {}, "j.0000.1.n.0011", false, null
-- 49672129493558792998947582393149295160907790796216204350: "[5,\"acme\"]", {"id":5,"tenant":"acme"}, {"n":1}, {}, "j.0000.1.n.0011", false, null
-- 49672129494507685645612160790427781528784721092639851360: "[6,\"acme\"]", {"id":6,"tenant":"acme"}, {"n":1}, {}, "j.0000.1.n.0011", false, null
-- 49672129494776130856404660044973034943304318126271624370: "[7,\"acme\"]", {"id":7,"tenant":"acme"}, {"n":1}, {}, "j.0000.1.n.0011", false, null
warning: 8 records would be parked; `rowtide decode` says why.
