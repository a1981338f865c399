create or replace view {view} as
select t.key, t.pk, t.data, t.aux, t.changed_at{deleted}
from {storage} as t{live}
