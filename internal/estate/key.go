package estate

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"
)

func (e *Estate) keyOperations() []operation {
	return []operation{
		{
			service: "kms", name: "DescribeKey", action: "kms:DescribeKey", handle: e.describeKey,
			resource: func(c *call) string { return c.keyARN() },
		},
		{
			service: "kms", name: "GetKeyPolicy", action: "kms:GetKeyPolicy", handle: e.keyPolicy,
			resource: func(c *call) string { return c.keyARN() },
		},
		{service: "ecr", name: "GetAuthorizationToken", action: "ecr:GetAuthorizationToken", handle: e.authorizationToken},
	}
}

// keyARN is the key that the call names, as an ARN.
func (c *call) keyARN() string {
	var in struct {
		KeyID string `json:"KeyId"`
	}
	if err := c.decode(&in); err != nil || in.KeyID == "" {
		return "*"
	}
	if strings.HasPrefix(in.KeyID, "arn:") {
		return in.KeyID
	}
	if strings.HasPrefix(in.KeyID, "alias/") {
		return keyPlace(c.region, c.account.ID) + in.KeyID
	}
	return keyPlace(c.region, c.account.ID) + "key/" + in.KeyID
}

// describeKey also answers for keys of other accounts, when the key is there and
// its policy lets others see it.
func (e *Estate) describeKey(_ context.Context, c *call) (any, error) {
	k, account, err := e.sees(c, "kms:DescribeKey")
	if err != nil {
		return nil, err
	}
	return map[string]any{"KeyMetadata": k.metadata(account)}, nil
}

// keyPolicy gives the policy that a key was made with, or KMS's default one (KMS Developer
// Guide, "Default key policy").
func (e *Estate) keyPolicy(_ context.Context, c *call) (any, error) {
	k, account, err := e.sees(c, "kms:GetKeyPolicy")
	if err != nil {
		return nil, err
	}
	text := k.Policy
	if text == "" {
		text = `{"Version":"2012-10-17","Statement":[{"Sid":"Enable IAM User Permissions","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"kms:*","Resource":"*"}]}`
	}
	return map[string]any{"Policy": text, "PolicyName": "default"}, nil
}

// sees gives the key that a call names, and its account, when its policy lets the caller do
// the action.
func (e *Estate) sees(c *call, action string) (k *Key, owner string, err error) {
	arn := c.keyARN()
	parts := strings.Split(arn, ":")
	if len(parts) != 6 || parts[2] != "kms" {
		return nil, "", kmsError("InvalidArnException", "Invalid arn "+arn)
	}
	account := e.account(parts[4])
	if account == nil || parts[3] != c.region {
		return nil, "", noKey(arn)
	}
	if k = account.key(parts[3], parts[5]); k == nil {
		return nil, "", noKey(arn)
	}
	if k.Closed {
		return nil, "", c.closed(action)
	}
	return k, account.ID, nil
}

// key finds a key by what ends its ARN, key/ID, or its alias; nil when there is none.
func (a *Account) key(region, resource string) *Key {
	for i := range a.Keys {
		if k := &a.Keys[i]; k.Region == region && ("key/"+k.ID == resource || k.Alias != "" && k.Alias == resource) {
			return k
		}
	}
	return nil
}

// arn is the key's in its account.
func (k Key) arn(account string) string { return keyPlace(k.Region, account) + "key/" + k.ID }

// keyPlace is what the ARNs of all keys and aliases of an account and region begin with.
func keyPlace(region, account string) string { return "arn:aws:kms:" + region + ":" + account + ":" }

func kmsError(code, message string) error {
	return &apiError{Code: code, Status: http.StatusBadRequest, Message: message}
}

func noKey(name string) error {
	return kmsError("NotFoundException", fmt.Sprintf("Key '%s' does not exist", name))
}

// closed refuses what a key's own policy allows nobody.
func (c *call) closed(action string) error {
	return kmsError("AccessDeniedException", "User: "+c.caller.arn+" is not authorized to perform: "+action+" on resource: "+c.keyARN()+
		" because no resource-based policy allows the "+action+" action")
}

func (k Key) metadata(account string) map[string]any {
	m := map[string]any{
		"AWSAccountId": account, "KeyId": k.ID, "Arn": k.arn(account),
		"CreationDate": k.CreatedAt.Unix(), "Enabled": k.State == "Enabled", "Description": k.Description, "KeyUsage": "ENCRYPT_DECRYPT",
		"KeyState": k.State, "Origin": "AWS_KMS", "KeyManager": "CUSTOMER", "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
		"KeySpec": "SYMMETRIC_DEFAULT", "EncryptionAlgorithms": []string{"SYMMETRIC_DEFAULT"}, "MultiRegion": false,
	}
	if !k.DeletionDate.IsZero() {
		m["DeletionDate"] = k.DeletionDate.Unix()
	}
	return m
}

// tokenLife is how long a token of ecr:GetAuthorizationToken counts.
const tokenLife = 12 * time.Hour

// authorizationToken gives the password of every ECR registry that the caller
// may pull from, as user AWS.
func (e *Estate) authorizationToken(_ context.Context, c *call) (any, error) {
	expires := e.now().Add(tokenLife)
	password := e.passwords.issue(*c.caller, expires)
	return map[string]any{"authorizationData": []map[string]any{{
		"authorizationToken": base64.StdEncoding.EncodeToString([]byte("AWS:" + password)),
		"expiresAt":          expires.Unix(),
		"proxyEndpoint":      "https://" + c.account.ID + ".dkr.ecr." + c.region + ".amazonaws.com",
	}}}, nil
}
