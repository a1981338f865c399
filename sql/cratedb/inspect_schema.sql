select has_schema_privilege($1::text, 'CREATE')
