// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/version"
)

const (
	// builtFor is the minor release of Kubernetes whose types this build has, and oldest the oldest with all that moorage
	// relies on: storage capacities (1.24), match conditions of webhooks (1.30).
	builtFor = 37
	oldest   = 30
	// ahead is how many releases the API server may be newer before something new may be missed.
	ahead = 1
)

// apiServer asks for the version, for which nobody needs rights.
func (e *examination) apiServer(ctx context.Context) Check {
	start := e.Now()
	text, err := e.Client.Discovery().RESTClient().Get().AbsPath("/version").Do(ctx).Raw()
	took := e.Now().Sub(start)
	switch {
	case apierrors.IsUnauthorized(err):
		return failure("log in again, or choose another user with --context or --kubeconfig", "%s does not know you: %v", e.Config.Host, err)
	case apierrors.IsForbidden(err):
		return ok("%s answered in %d ms, but does not tell you its version", e.Config.Host, took.Milliseconds())
	case ctx.Err() != nil:
		return failure("is it the cluster that you mean? Choose with --context or --kubeconfig", "%s: %v", e.Config.Host, context.Cause(ctx))
	case err != nil:
		return failure("is it the cluster that you mean? Choose with --context or --kubeconfig", "%s cannot be reached: %v", e.Config.Host, cause(err))
	}
	var v version.Info
	if err = json.Unmarshal(text, &v); err != nil {
		return failure("is there an API server at that address?", "%s does not answer like an API server: %v", e.Config.Host, err)
	}
	answered := ok("%s runs Kubernetes %s and answered in %d ms", e.Config.Host, v.GitVersion, took.Milliseconds())
	minor, err := strconv.Atoi(strings.TrimRight(v.Minor, "+"))
	switch {
	case err != nil:
		return answered
	case minor < oldest:
		return warning("upgrade the cluster", "%s runs Kubernetes %s; moorage relies on what Kubernetes has since 1.%d", e.Config.Host, v.GitVersion, oldest)
	case minor > builtFor+ahead:
		return warning("upgrade moorage", "%s runs Kubernetes %s; this moorage knows what Kubernetes 1.%d has", e.Config.Host, v.GitVersion, builtFor)
	default:
		return answered
	}
}
