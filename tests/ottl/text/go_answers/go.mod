module sluice/tests/answers

go 1.26

require (
	github.com/gobwas/glob v0.2.3
	github.com/iancoleman/strcase v0.3.0
)
