package app_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/estate"
)

const legacyTerraform = `resource "aws_eks_cluster" "payments" {
  name    = "payments-legacy"
  version = var.kubernetes # one at a time

  vpc_config {
    subnet_ids             = var.subnets
    endpoint_public_access = true
  }
}

variable "kubernetes" {
  default = "%s"
}
`

// The command line, from the finding to files that say the change.
func TestRemediatePatches(t *testing.T) {
	t.Parallel()
	w := shared(t)
	s := estate.Demo(w.images)
	only(s, "payments-legacy")
	e, err := estate.Start(t.Context(), estate.Config{Scenario: s, Images: w.images, Now: time.Now, UpdateTime: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	env := append(environment(t, e), "EKSPOSURE_IMAGES_READ=false", "EKSPOSURE_AWS_REGIONS=us-east-1")
	if r := run(t, env, "scan", "--allow-gaps"); r.code != 0 {
		t.Fatal(r.err)
	}
	root := t.TempDir()
	git(t, root, "init", "-q")
	infra := filepath.Join(root, "infra")
	name := filepath.Join(infra, "main.tf")
	version := place(s, "payments-legacy").Version
	if err := os.Mkdir(infra, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(strings.Replace(legacyTerraform, "%s", version, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	want := func(code int, says string, args ...string) string {
		t.Helper()
		r := run(t, env, append([]string{"remediate", "plan", "--cluster", "payments-legacy"}, args...)...)
		if r.code != code || !strings.Contains(r.err, says) {
			t.Fatalf("%v: exit code %d, want %d and %q:\n%s%s", args, r.code, code, says, r.out, r.err)
		}
		return r.out
	}
	private := []string{"--topic", "internet-reachable", "--option", "private", "--iac", infra}
	patch := filepath.Join(t.TempDir(), "a.patch")
	if out := want(0, "would drift from the files", append(private, "--output-file", patch)...); out != "" {
		t.Errorf("standard output %q", out)
	}
	git(t, root, "apply", "--check", patch)
	git(t, root, "apply", patch)
	text, err := os.ReadFile(name)
	if err != nil || !strings.Contains(string(text), "    endpoint_public_access  = false\n    endpoint_private_access = true\n") {
		t.Errorf("%v:\n%s", err, text)
	}
	want(5, "the files say all of it already", private...)
	want(3, `cluster "payments-legacy" is not in the folder`, append(private[:4:4], "--iac", t.TempDir())...)
	want(2, "no patch is made", "--topic", "delete-cluster", "--option", "delete", "--iac", infra)

	// Ranges from who called are in the patch, who that is and what that does not tell beside it.
	callers := []string{"--topic", "internet-reachable", "--option", "public-and-private", "--from-callers", "30", "--cidr", "203.0.113.0/24", "--iac", infra}
	if out := want(0, "To check: callers: the cluster writes no audit log", callers...); !strings.Contains(out, `+    public_access_cidrs     = ["198.51.100.7/32", "203.0.113.0/24"]`) {
		t.Errorf("patch:\n%s", out)
	}
	// A key is the code's to make, and secrets are not written by it.
	secrets := []string{"--topic", "unencrypted-kubernetes-secrets", "--option", "associate", "--iac", infra}
	want(2, "a key is made by the code that the cluster is made by", append(secrets[:6:6], "--create-key")...)
	arn := "arn:aws:kms:us-east-1:444455556666:key/" + keyOf(s, "us-east-1")
	if out := want(0, "Existing secrets are not written again by code", append(secrets[:6:6], "--key", arn, "--rewrite-secrets")...); !strings.Contains(out, arn) || !strings.Contains(out, "encryption_config") {
		t.Errorf("patch:\n%s", out)
	}
	if r := run(t, env, "remediate", "status"); !strings.Contains(r.out, "There is no plan") {
		t.Errorf("a patch left a plan:\n%s", r.out)
	}
	if c := place(s, "payments-legacy"); !c.Public || len(c.Updates) > 0 {
		t.Error("the cluster was changed")
	}
}

func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), "git", args...)
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

// keyOf is the ID of the key that a region of a scenario has.
func keyOf(s *estate.Scenario, region string) string {
	for _, a := range s.Accounts {
		for _, k := range a.Keys {
			if k.Region == region {
				return k.ID
			}
		}
	}
	return ""
}
