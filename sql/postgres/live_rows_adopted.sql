select t.pk::text, t.data::text, {aux}, false
from {storage} as t
{live}
order by t.pk
