select count(*), count(*) filter (where deleted), count(*) filter (where array_length(object_keys(aux), 1) > 0),
  max(changed_at), max(applied_at)
from {storage}
