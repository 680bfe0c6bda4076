// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"encoding/json"
	"strconv"
	"sync"

	"github.com/moorage-k8s/moorage/topology/placement"
)

// filterAnswer appends an ExtenderFilterResult: the candidates without a refusal in the order given, and the refused by
// code. refusal tells for each candidate why it is refused, or that it is not. NodeNames or Nodes is never null, since that
// would mean that all were refused without a reason.
func filterAnswer(out []byte, r *request, refusal func(i int) (placement.Reason, bool)) []byte {
	if r.full {
		out = append(out, `{"NodeNames":null,"Nodes":{"metadata":{},"items":[`...)
	} else {
		out = append(out, `{"Nodes":null,"NodeNames":[`...)
	}
	first := true
	for i := range r.nodes {
		if _, refused := refusal(i); refused {
			continue
		}
		if !first {
			out = append(out, ',')
		}
		first = false
		if r.full {
			out = append(out, r.nodes[i].object()...)
		} else {
			out = append(out, r.nodes[i].quoted...)
		}
	}
	out = append(out, ']')
	if r.full {
		out = append(out, '}')
	}
	out = append(out, `,"FailedNodes":`...)
	out = refusedAnswer(out, r, placement.Unschedulable, refusal)
	out = append(out, `,"FailedAndUnresolvableNodes":`...)
	out = refusedAnswer(out, r, placement.Unresolvable, refusal)
	return append(out, `,"Error":""}`...)
}

func refusedAnswer(out []byte, r *request, code placement.Code, refusal func(i int) (placement.Reason, bool)) []byte {
	out = append(out, '{')
	first := true
	for i := range r.nodes {
		reason, refused := refusal(i)
		if !refused || reason.Code() != code {
			continue
		}
		if !first {
			out = append(out, ',')
		}
		first = false
		out = append(out, r.nodes[i].quoted...)
		out = append(out, ':')
		out = append(out, quotedReason(reason)...)
	}
	return append(out, '}')
}

// quotedReasons are the reasons as JSON, each made once.
var quotedReasons sync.Map

func quotedReason(reason placement.Reason) string {
	if quoted, ok := quotedReasons.Load(reason); ok {
		return quoted.(string)
	}
	quoted, _ := quotedReasons.LoadOrStore(reason, strconv.Quote(reason.String()))
	return quoted.(string)
}

// prioritizeAnswer appends a HostPriorityList.
func prioritizeAnswer(out []byte, r *request, score func(i int) int) []byte {
	out = append(out, '[')
	for i := range r.nodes {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, `{"Host":`...)
		out = append(out, r.nodes[i].quoted...)
		out = append(out, `,"Score":`...)
		out = strconv.AppendInt(out, int64(score(i)), 10)
		out = append(out, '}')
	}
	return append(out, ']')
}

// errorAnswer is a result whose Error kube-scheduler shows.
func errorAnswer(message string) []byte {
	out, err := json.Marshal(struct{ Error string }{message})
	if err != nil {
		return []byte(`{"Error":"moorage cannot say what went wrong"}`)
	}
	return out
}
