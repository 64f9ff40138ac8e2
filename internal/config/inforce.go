package config

import (
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

// Value is a setting in force, without what is secret in it.
type Value struct {
	Key, Doc string
	// Value is empty when the setting is not set.
	Value string
	// Set tells whether it differs from what it is without any source.
	Set bool
}

// InForce lists every setting as it is, in the order of Config. Passwords in addresses
// are left out, and of receivers everything behind the host, which is often a secret.
func (c *Config) InForce() []Value {
	standard := Default()
	var list []Value
	walk(reflect.ValueOf(&standard).Elem(), "", func(key string, tag reflect.StructTag, v reflect.Value) {
		list = append(list, Value{Key: key, Doc: tag.Get("doc"), Value: text(key, v)})
	})
	i := 0
	walk(reflect.ValueOf(c).Elem(), "", func(key string, _ reflect.StructTag, v reflect.Value) {
		now := text(key, v)
		list[i].Set, list[i].Value = now != list[i].Value, now
		i++
	})
	return list
}

func text(key string, v reflect.Value) string {
	switch value := v.Interface().(type) {
	case []string:
		return strings.Join(value, ", ")
	case map[string]string:
		var pairs []string
		for _, name := range slices.Sorted(maps.Keys(value)) {
			shown := public(value[name])
			if key == "events.webhooks" {
				shown = host(value[name])
			}
			pairs = append(pairs, name+"="+shown)
		}
		return strings.Join(pairs, ", ")
	case string:
		return public(value)
	}
	return fmt.Sprint(v.Interface())
}

// public leaves out the password of an address, and parameters that may hold one.
func public(s string) string {
	u, err := url.Parse(s)
	switch {
	case err != nil && strings.Contains(s, "://"):
		return "…" // an address that cannot be taken apart
	case err != nil || u.Host == "":
		return s
	}
	if _, secret := u.User.Password(); secret {
		u.User = url.User(u.User.Username())
	}
	if u.RawQuery != "" {
		u.RawQuery = "…"
	}
	return u.String()
}

// host leaves out all but the host of an address.
func host(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "…"
	}
	return u.Scheme + "://" + u.Host + "/…"
}
