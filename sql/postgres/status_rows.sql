select count(*), count(*) filter (where t.deleted), count(*) filter (where t.aux <> '{}'), max(t.changed_at), max(t.applied_at)
from {storage} as t
