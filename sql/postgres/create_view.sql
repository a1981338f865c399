create view {view} as
select t.key, t.pk, t.data, t.aux, t.changed_at{deleted}{typed}
from {storage} as t{live};
comment on view {view} is {mark}
