update {storage} set {sets} where {key} and _seq_no = {sequence} and _primary_term = {term}
