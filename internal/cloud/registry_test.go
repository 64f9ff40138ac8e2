package cloud_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/cloud"
	"github.com/eksposure/eksposure/internal/fault"
)

func ecrToken(text string, expires time.Time) object {
	return object{"authorizationData": []object{{
		"authorizationToken": base64.StdEncoding.EncodeToString([]byte(text)), "expiresAt": expires.Unix(),
	}}}
}

func TestRegistryLogin(t *testing.T) {
	f := newFake(t)
	clock := now
	f.set(map[string]any{
		"ecr:GetAuthorizationToken " + member:     ecrToken("AWS:theirs", now.Add(12*time.Hour)),
		"ecr:GetAuthorizationToken " + management: ecrToken("AWS:mine", now.Add(12*time.Hour)),
	})
	c := f.client(cloud.Config{Accounts: []string{member}, RoleName: "scan", Now: func() time.Time { return clock }})
	for _, tt := range []struct{ host, user, password string }{
		{member + ".dkr.ecr.eu-west-1.amazonaws.com", "AWS", "theirs"},
		{management + ".dkr.ecr.eu-west-1.amazonaws.com", "AWS", "mine"},
		{"602401143452.dkr.ecr.eu-west-1.amazonaws.com", "AWS", "mine"},
		{member + ".dkr-ecr.eu-west-1.on.aws", "AWS", "theirs"},
		{"public.ecr.aws", "", ""},
		{"docker.io", "", ""},
		{"127.0.0.1:5000", "", ""},
	} {
		user, password, err := c.RegistryLogin(t.Context(), tt.host)
		if err != nil || user != tt.user || password != tt.password {
			t.Errorf("%s: %q %q %v, want %q %q", tt.host, user, password, err, tt.user, tt.password)
		}
	}
	if n := f.count("ecr:GetAuthorizationToken"); n != 2 {
		t.Errorf("%d calls, want one per account and region", n)
	}
	clock = now.Add(11*time.Hour + 50*time.Minute)
	if _, _, err := c.RegistryLogin(t.Context(), member+".dkr.ecr.eu-west-1.amazonaws.com"); err != nil {
		t.Fatal(err)
	}
	if n := f.count("ecr:GetAuthorizationToken"); n != 3 {
		t.Errorf("%d calls, want a new password shortly before the old one ends", n)
	}
}

func TestRegistryLoginFails(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer any
		want   error
	}{
		{"denied", fail(http.StatusBadRequest, "AccessDeniedException"), fault.ErrDenied},
		{"no data", object{}, fault.ErrUnavailable},
		{"not base64", object{"authorizationData": []object{{"authorizationToken": "%%"}}}, fault.ErrUnavailable},
		{"no password", ecrToken("AWS", now), fault.ErrUnavailable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			f.set(map[string]any{"ecr:GetAuthorizationToken": tt.answer})
			_, _, err := f.client(cloud.Config{}).RegistryLogin(t.Context(), management+".dkr.ecr.eu-west-1.amazonaws.com")
			if !errors.Is(err, tt.want) {
				t.Errorf("err = %v, want %v", err, tt.want)
			}
		})
	}
}

func FuzzParseRegistry(f *testing.F) {
	for _, host := range []string{
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com", "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
		"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "123456789012.dkr-ecr.eu-west-1.on.aws",
		"123456789012.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn", "public.ecr.aws", "docker.io", "",
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example", "x123456789012.dkr.ecr.eu-west-1.amazonaws.com",
	} {
		f.Add(host)
	}
	f.Fuzz(func(t *testing.T, host string) {
		r, ok := cloud.ParseRegistry(host)
		if !ok {
			if r != (cloud.Registry{}) {
				t.Errorf("%q is no registry and gives %+v", host, r)
			}
			return
		}
		// A password is sent to the host: it must end in a domain of AWS.
		lower := strings.ToLower(host)
		if !strings.HasPrefix(lower, r.Account+".dkr") || !strings.Contains(lower, "."+r.Region+".") || strings.ContainsAny(lower, "/:@ \n") {
			t.Errorf("%q gives %+v", host, r)
		}
		aws := false
		for _, domain := range []string{
			".amazonaws.com", ".amazonaws.com.cn", ".on.aws", ".on.amazonwebservices.com.cn", ".amazonaws.eu",
			".c2s.ic.gov", ".sc2s.sgov.gov", ".cloud.adc-e.uk", ".csp.hci.ic.gov",
		} {
			aws = aws || strings.HasSuffix(lower, domain)
		}
		if !aws {
			t.Errorf("%q is not AWS's", host)
		}
	})
}
