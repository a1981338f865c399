select current_database()::text
