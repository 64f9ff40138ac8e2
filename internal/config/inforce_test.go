package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/config"
)

func TestInForce(t *testing.T) {
	c := config.Default()
	c.Database = "postgres://eksposure:s3cret@db.internal/eksposure?sslpassword=s3cret"
	c.AWS.Accounts = []string{"111122223333", "444455556666"}
	c.Events.Webhooks = map[string]string{"siem": "https://hooks.example.com/services/s3cret"}
	c.Images.Mirrors = map[string]string{"*": "http://me:s3cret@127.0.0.1:5000"}
	got := map[string]config.Value{}
	for _, v := range c.InForce() {
		if strings.Contains(v.Value, "s3cret") {
			t.Errorf("%s tells a secret: %s", v.Key, v.Value)
		}
		got[v.Key] = v
	}
	if len(got) != len(config.Settings()) {
		t.Errorf("%d settings, want %d", len(got), len(config.Settings()))
	}
	want := map[string]string{
		"database": "postgres://eksposure@db.internal/eksposure?…", "aws.accounts": "111122223333, 444455556666",
		"events.webhooks": "siem=https://hooks.example.com/…", "images.mirrors": "*=http://me@127.0.0.1:5000",
	}
	for key, value := range want {
		if diff := cmp.Diff(value, got[key].Value); diff != "" || !got[key].Set || got[key].Doc == "" {
			t.Errorf("%s, %+v (-want +got):\n%s", key, got[key], diff)
		}
	}
	if v := got["log_level"]; v.Set || v.Value != "warn" {
		t.Errorf("what nobody set: %+v", v)
	}
}
