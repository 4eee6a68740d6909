module countersign/schemas

go 1.24
