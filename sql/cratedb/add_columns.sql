alter table {storage}
  {columns}
