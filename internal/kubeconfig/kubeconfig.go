// SPDX-License-Identifier: Apache-2.0

// Package kubeconfig is the way to an API server, by kubectl's rules and with the rights of the caller. It must not know what is asked there.
package kubeconfig

import (
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/moorage-k8s/moorage/internal/version"
)

// Access is the way to an API server.
type Access struct {
	Client *kubernetes.Clientset
	// Config is what the client was made of.
	Config *rest.Config
	// Server is the API server's address, Namespace that of the context.
	Server, Namespace string
}

// Find finds the API server of a kubeconfig file. It may be empty: then it is kubectl's, or the service account of the pod. Tune may change
// how it is talked to.
func Find(file string, tune ...func(*rest.Config)) (*Access, error) {
	f := Flags{File: file}
	return f.Find(tune...)
}

func (f *Flags) find(tune []func(*rest.Config)) (*Access, error) {
	loader := f.config()
	config, err := loader.ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("find the cluster: %w", f.missing(err))
	}
	config.UserAgent = "moorage/" + version.Get().Version
	// Lists and watches are the only traffic; the API server's own fairness is limit enough.
	config.QPS = -1
	config.ContentType = runtime.ContentTypeProtobuf
	config.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	for _, change := range tune {
		change(config)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make a client of the API server %s: %w", config.Host, err)
	}
	namespace, _, err := loader.Namespace()
	if err != nil {
		return nil, fmt.Errorf("find the namespace of the context: %w", err)
	}
	return &Access{client, config, config.Host, namespace}, nil
}

// Uncompressed is for clients that follow the cluster from within it. The API server compresses each event of a watch by itself, which
// costs it and moorage more CPU than the bytes are worth there: a sixth of all that moorage used in a burst of pods.
func Uncompressed(config *rest.Config) { config.DisableCompression = true }
