package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/flowcontrol"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/plan"
)

// SecretsRole is the name of the ClusterRole that holds SecretsRules; SecretsManifest binds
// it to ChangeGroup.
const SecretsRole = "eksposure-secrets-rewriter" //nolint:gosec // a role's name

const (
	// secretsPath is where all secrets are listed.
	secretsPath = "/api/v1/secrets" //nolint:gosec // a path
	// metadataOnly and metadataList ask for objects without what they hold, so that no value
	// of a secret reaches this program.
	metadataOnly = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
	metadataList = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
	// roundTime and roundSecrets bound one round, so that a pause is heeded soon.
	roundTime    = 30 * time.Second
	roundSecrets = 1000
	// secretsPerSecond spares the API server and etcd, and KMS behind them.
	secretsPerSecond = 50
	// conflictTries is how often a patch is tried that others come before.
	conflictTries = 3
	// maxFailed ends a round in which nothing works.
	maxFailed = 50
)

// SecretsRules returns everything that RewriteSecrets needs, and no more.
func SecretsRules() []Rule {
	return []Rule{{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"list", "patch"}}}
}

// SecretsManifest renders SecretsRules as Manifest does, bound to ChangeGroup.
func SecretsManifest() string { return manifest(SecretsRole, ChangeGroup, SecretsRules()) }

// RewriteSecrets has the server write secrets again by giving them an annotation with a
// mark: those that lack it. It goes on where it was when it is
// called again. Only metadata is read. A secret that is gone meanwhile needs nothing; one
// that cannot be written is named. A role without the right is fault.ErrDenied.
func (c *Client) RewriteSecrets(ctx context.Context, t Target, mark string) (plan.Rewriting, error) {
	cn, err := c.connect(ctx, t)
	if err != nil {
		return plan.Rewriting{}, err
	}
	defer cn.close()
	limit, cancel := context.WithTimeout(ctx, roundTime)
	defer cancel()
	round := secretsRound{cn: cn, mark: mark, pace: flowcontrol.NewTokenBucketRateLimiter(secretsPerSecond, 1), over: func() bool { return limit.Err() != nil }}
	body, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]string{plan.SecretMark: mark}}})
	if err != nil {
		return plan.Rewriting{}, fmt.Errorf("patch of secrets: %w", err)
	}
	round.body = body
	next := ""
	for range maxPages {
		page, err := round.list(ctx, next)
		if err != nil {
			return round.is, err
		}
		for i := range page.Items {
			if err := round.take(ctx, &page.Items[i]); err != nil {
				return round.is, err
			}
		}
		if next = page.Continue; next == "" || round.full() {
			round.is.Complete = next == "" && round.is.Left == 0 || len(round.is.Failed) >= maxFailed
			return round.is, nil
		}
	}
	return round.is, fmt.Errorf("list secrets: the list has no end: %w", fault.ErrUnavailable)
}

// secretsRound is one call of RewriteSecrets.
type secretsRound struct {
	cn   *conn
	mark string
	body []byte
	pace flowcontrol.RateLimiter
	// over tells that the round has had its time.
	over func() bool
	is   plan.Rewriting
}

func (r *secretsRound) full() bool {
	return r.is.Written >= roundSecrets || len(r.is.Failed) >= maxFailed || r.over()
}

// list reads a page of metadata. A list that the server has dropped meanwhile is begun anew:
// what is written already is told by its annotation.
func (r *secretsRound) list(ctx context.Context, next string) (*metav1.PartialObjectMetadataList, error) {
	ctx, cancel := context.WithTimeout(ctx, r.cn.timeout)
	defer cancel()
	res := r.cn.get(ctx, secretsPath, next, metadataList)
	if apierrors.IsResourceExpired(res.Error()) && next != "" {
		res = r.cn.get(ctx, secretsPath, "", metadataList)
	}
	if err := res.Error(); err != nil {
		return nil, fmt.Errorf("list secrets: %w", translate(err))
	}
	body, err := res.Raw()
	if err != nil {
		return nil, fmt.Errorf("list secrets: %w", translate(err))
	}
	var page metav1.PartialObjectMetadataList
	if err := json.Unmarshal(body, &page); err != nil || page.Kind != "PartialObjectMetadataList" {
		return nil, fmt.Errorf("list secrets: the server does not give metadata alone (%s): %w", page.Kind, fault.ErrUnavailable)
	}
	return &page, nil
}

// take has one secret written, unless it was, or the round is full.
func (r *secretsRound) take(ctx context.Context, o *metav1.PartialObjectMetadata) error {
	switch {
	case o.Annotations[plan.SecretMark] == r.mark:
		return nil
	case r.full():
		r.is.Left++
		return nil
	}
	if err := r.pace.Wait(ctx); err != nil {
		return err
	}
	err := r.write(ctx, o)
	switch {
	case err == nil:
		r.is.Written++
	case apierrors.IsNotFound(err):
	case ctx.Err() != nil:
		return ctx.Err()
	case apierrors.IsForbidden(err) && strings.Contains(err.Error(), "cannot patch resource"):
		return fmt.Errorf("patch secrets: %w", translate(err))
	default:
		r.is.Failed = append(r.is.Failed, fmt.Sprintf("%s/%s (%s)", o.Namespace, o.Name, fault.Message(err)))
	}
	return nil
}

func (r *secretsRound) write(ctx context.Context, o *metav1.PartialObjectMetadata) error {
	ctx, cancel := context.WithTimeout(ctx, r.cn.timeout)
	defer cancel()
	var err error
	for range conflictTries {
		err = r.cn.rest.Patch(types.MergePatchType).AbsPath("/api/v1/namespaces/"+o.Namespace+"/secrets/"+o.Name).Param("fieldManager", fieldManager).
			SetHeader("Accept", metadataOnly).MaxRetries(maxRetries).Body(r.body).Do(ctx).Error()
		if !apierrors.IsConflict(err) {
			return err
		}
	}
	return err
}
