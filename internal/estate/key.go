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
		return "arn:aws:kms:" + c.region + ":" + c.account.ID + ":" + in.KeyID
	}
	return "arn:aws:kms:" + c.region + ":" + c.account.ID + ":key/" + in.KeyID
}

// describeKey also answers for keys of other accounts, when the key is there and
// its policy lets others see it.
func (e *Estate) describeKey(_ context.Context, c *call) (any, error) {
	arn := c.keyARN()
	parts := strings.Split(arn, ":")
	if len(parts) != 6 || parts[2] != "kms" {
		return nil, &apiError{Code: "InvalidArnException", Status: http.StatusBadRequest, Message: "Invalid arn " + arn}
	}
	missing := &apiError{
		Code: "NotFoundException", Status: http.StatusBadRequest, Message: fmt.Sprintf("Key '%s' does not exist", arn),
	}
	account := e.account(parts[4])
	if account == nil || parts[3] != c.region {
		return nil, missing
	}
	for _, k := range account.Keys {
		if k.Region != parts[3] || "key/"+k.ID != parts[5] && (k.Alias == "" || k.Alias != parts[5]) {
			continue
		}
		if k.Closed {
			return nil, &apiError{
				Code: "AccessDeniedException", Status: http.StatusBadRequest,
				Message: "User: " + c.caller.arn + " is not authorized to perform: kms:DescribeKey on resource: " + arn +
					" because no resource-based policy allows the kms:DescribeKey action",
			}
		}
		return map[string]any{"KeyMetadata": k.metadata(account.ID)}, nil
	}
	return nil, missing
}

func (k Key) metadata(account string) map[string]any {
	m := map[string]any{
		"AWSAccountId": account, "KeyId": k.ID, "Arn": "arn:aws:kms:" + k.Region + ":" + account + ":key/" + k.ID,
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
