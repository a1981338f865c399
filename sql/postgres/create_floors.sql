create table if not exists {floors} (
  target text collate "C" primary key,
  floor text collate "C" not null,
  source_identity text
)
