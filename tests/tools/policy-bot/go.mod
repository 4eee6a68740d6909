module countersign.example.org/tests/tools/policy-bot

go 1.26.8

require (
	github.com/bmatcuk/doublestar/v4 v4.10.0
	github.com/palantir/policy-bot v1.41.1
	gopkg.in/yaml.v2 v2.4.0
)

require (
	github.com/google/go-github/v82 v82.0.0 // indirect
	github.com/google/go-querystring v1.2.0 // indirect
	github.com/hashicorp/golang-lru v1.0.2 // indirect
	github.com/mattn/go-colorable v0.1.14 // indirect
	github.com/mattn/go-isatty v0.0.20 // indirect
	github.com/pkg/errors v0.9.1 // indirect
	github.com/rs/zerolog v1.34.0 // indirect
	github.com/shurcooL/githubv4 v0.0.0-20260209031235-2402fdf4a9ed // indirect
	github.com/shurcooL/graphql v0.0.0-20240915155400-7ee5256398cf // indirect
	golang.org/x/sys v0.41.0 // indirect
)
