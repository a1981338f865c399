select has_table_privilege($1::text, 'SELECT'), has_table_privilege($1::text, 'INSERT'),
  has_table_privilege($1::text, 'UPDATE'), has_table_privilege($1::text, 'DELETE')
