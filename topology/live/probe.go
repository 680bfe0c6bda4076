// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
)

// Probe asks the API server for one object of each kind that Run lists, and tells at once what Run would try again for ever:
// that the server cannot be reached, or which kinds it does not let us read, and what to grant.
func Probe(ctx context.Context, client kubernetes.Interface) error {
	var forbidden []string
	for _, r := range resources {
		err := r.client(client).Get().Resource(r.name).VersionedParams(&metav1.ListOptions{Limit: 1}, scheme.ParameterCodec).Do(ctx).Error()
		switch {
		case err == nil:
		case apierrors.IsForbidden(err):
			forbidden = append(forbidden, r.name)
		case ctx.Err() != nil:
			return fmt.Errorf("list %s: %w", r.name, context.Cause(ctx))
		default:
			return fmt.Errorf("list %s: %w", r.name, err)
		}
	}
	if len(forbidden) > 0 {
		return errors.New("it does not let you list " + strings.Join(forbidden, ", ") +
			"; ask for a ClusterRole with the verbs get, list and watch on them, bound by a ClusterRoleBinding")
	}
	return nil
}
