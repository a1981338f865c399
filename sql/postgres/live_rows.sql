select t.pk::text, t.data::text, t.aux::text, t.deleted
from {storage} as t
where {which}
order by t.key
