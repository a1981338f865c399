select job, key, state, version, updated_at from {state} where job = $1 and key = $2
