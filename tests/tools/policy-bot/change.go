package main

import (
	"errors"
	"strings"
	"time"

	"github.com/palantir/policy-bot/pull"
	"github.com/palantir/policy-bot/pull/pulltest"
)

// change is a pull request in the form that Countersign records.
type change struct {
	Repository string    `json:"repository"`
	Author     string    `json:"author"`
	Title      string    `json:"title"`
	Target     string    `json:"target"`
	Source     string    `json:"source"`
	Head       string    `json:"head"`
	Body       *body     `json:"body"`
	Files      []file    `json:"files"`
	Commits    []commit  `json:"commits"`
	Comments   []comment `json:"comments"`
	Reviews    []review  `json:"reviews"`
	Labels     []string  `json:"labels"`

	PushedAt      map[string]time.Time       `json:"pushed_at"`
	Teams         map[string][]string        `json:"teams"`
	Organizations map[string][]string        `json:"organizations"`
	Permissions   map[string]pull.Permission `json:"permissions"`
	Statuses      map[string]string          `json:"statuses"`
	Workflows     map[string][]string        `json:"workflows"`
	Properties    map[string]any             `json:"properties"`
	Failed        map[string]string          `json:"failed"`
}

type body struct {
	Author    string     `json:"author"`
	Text      string     `json:"text"`
	CreatedAt time.Time  `json:"created_at"`
	EditedAt  *time.Time `json:"edited_at"`
}

type file struct {
	Path      string `json:"path"`
	Status    string `json:"status"`
	Additions int    `json:"additions"`
	Deletions int    `json:"deletions"`
}

type commit struct {
	SHA       string     `json:"sha"`
	Parents   []string   `json:"parents"`
	Author    string     `json:"author"`
	Committer string     `json:"committer"`
	ViaWeb    bool       `json:"via_web"`
	Signature *signature `json:"signature"`
}

type signature struct {
	Kind   string `json:"kind"`
	Valid  bool   `json:"valid"`
	Key    string `json:"key"`
	Signer string `json:"signer"`
}

type comment struct {
	Author    string     `json:"author"`
	Text      string     `json:"text"`
	CreatedAt time.Time  `json:"created_at"`
	EditedAt  *time.Time `json:"edited_at"`
}

type review struct {
	comment
	State string `json:"state"`
}

// context is the change as policy-bot asks for it.
func (c *change) context() pull.Context {
	owner, name, _ := strings.Cut(c.Repository, "/")
	context := &pulltest.Context{
		OwnerValue:                      owner,
		RepoValue:                       name,
		TitleValue:                      c.Title,
		AuthorValue:                     c.Author,
		StateValue:                      "open",
		HeadSHAValue:                    c.Head,
		BranchBaseName:                  c.Target,
		BranchHeadName:                  c.Source,
		BodyValue:                       c.body(),
		PushedAtValue:                   c.PushedAt,
		TeamMemberships:                 inverted(c.Teams),
		OrgMemberships:                  inverted(c.Organizations),
		LatestStatusesValue:             c.Statuses,
		LatestWorkflowRunsValue:         c.Workflows,
		CollaboratorsError:              c.failed("permissions"),
		BodyError:                       c.failed("body"),
		ChangedFilesError:               c.failed("files"),
		CommitsError:                    c.failed("commits"),
		CommentsError:                   c.failed("comments"),
		ReviewsError:                    c.failed("reviews"),
		TeamMembershipError:             c.failed("teams"),
		OrgMembershipError:              c.failed("organizations"),
		LatestStatusesError:             c.failed("statuses"),
		LatestWorkflowRunsError:         c.failed("workflows"),
		LabelsError:                     c.failed("labels"),
		RepositoryCustomPropertiesError: c.failed("properties"),
		RepositoryCustomPropertiesValue: c.properties(),
	}
	for login, permission := range c.Permissions {
		context.CollaboratorsValue = append(context.CollaboratorsValue, &pull.Collaborator{
			Name:        login,
			Permissions: []pull.CollaboratorPermission{{Permission: permission}},
		})
	}
	// Its own client lowers labels before anything looks at them.
	for _, label := range c.Labels {
		context.LabelsValue = append(context.LabelsValue, strings.ToLower(label))
	}
	c.fill(context)
	return context
}

func (c *change) fill(context *pulltest.Context) {
	statuses := map[string]pull.FileStatus{"added": pull.FileAdded, "deleted": pull.FileDeleted}
	for _, one := range c.Files {
		context.ChangedFilesValue = append(context.ChangedFilesValue, &pull.File{
			Filename:  one.Path,
			Status:    statuses[one.Status],
			Additions: one.Additions,
			Deletions: one.Deletions,
		})
	}
	kinds := map[string]pull.SignatureType{
		"gpg": pull.SignatureGpg, "smime": pull.SignatureSmime, "ssh": pull.SignatureSSH,
	}
	for _, one := range c.Commits {
		commit := &pull.Commit{
			SHA:             one.SHA,
			Parents:         one.Parents,
			CommittedViaWeb: one.ViaWeb,
			Author:          one.Author,
			Committer:       one.Committer,
		}
		if one.Signature != nil {
			commit.Signature = &pull.Signature{
				Type:    kinds[one.Signature.Kind],
				IsValid: one.Signature.Valid,
				KeyID:   one.Signature.Key,
				Signer:  one.Signature.Signer,
			}
		}
		context.CommitsValue = append(context.CommitsValue, commit)
	}
	for _, one := range c.Comments {
		context.CommentsValue = append(context.CommentsValue, &pull.Comment{
			CreatedAt:    one.CreatedAt,
			LastEditedAt: when(one.EditedAt),
			Author:       one.Author,
			Body:         one.Text,
		})
	}
	for _, one := range c.Reviews {
		context.ReviewsValue = append(context.ReviewsValue, &pull.Review{
			CreatedAt:    one.CreatedAt,
			LastEditedAt: when(one.EditedAt),
			Author:       one.Author,
			State:        pull.ReviewState(strings.ReplaceAll(one.State, "-", "_")),
			Body:         one.Text,
		})
	}
}

func (c *change) body() *pull.Body {
	if c.Body == nil {
		return &pull.Body{Author: c.Author}
	}
	return &pull.Body{
		Body:         c.Body.Text,
		CreatedAt:    c.Body.CreatedAt,
		Author:       c.Body.Author,
		LastEditedAt: when(c.Body.EditedAt),
	}
}

func (c *change) properties() map[string]pull.CustomProperty {
	properties := map[string]pull.CustomProperty{}
	for name, value := range c.Properties {
		switch value := value.(type) {
		case string:
			properties[name] = pull.CustomProperty{String: &value}
		case []any:
			texts := make([]string, 0, len(value))
			for _, one := range value {
				text, _ := one.(string)
				texts = append(texts, text)
			}
			properties[name] = pull.CustomProperty{Array: texts}
		}
	}
	return properties
}

func (c *change) failed(part string) error {
	if why, failed := c.Failed[part]; failed {
		return errors.New(why)
	}
	return nil
}

func when(edited *time.Time) time.Time {
	if edited == nil {
		return time.Time{}
	}
	return *edited
}

// inverted turns the members of sets into the sets of members.
func inverted(sets map[string][]string) map[string][]string {
	members := map[string][]string{}
	for set, logins := range sets {
		for _, login := range logins {
			members[login] = append(members[login], set)
		}
	}
	return members
}
