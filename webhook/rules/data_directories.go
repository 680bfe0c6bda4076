// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"path"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/catalog"
)

// database is a program that refuses a data directory which is not empty.
type database struct {
	// images are in the name of its image, without registry and tag.
	images []string
	// directory is where the image keeps its data, and variable what moves it; empty where nothing does.
	directory, variable string
}

// databases are those whose first start fails on lost+found: initdb and mysqld --initialize want an empty directory.
var databases = []database{
	{[]string{"postgres", "postgis", "timescaledb", "pgvector"}, "/var/lib/postgresql/data", "PGDATA"},
	{[]string{"mysql", "mariadb", "percona"}, "/var/lib/mysql", ""},
}

// notDatabases are in the names of images beside a database, which write nothing into its data directory.
var notDatabases = []string{"exporter", "bitnami", "operator", "backup", "adminer", "proxy", "client"}

var dataDirectoryLostFoundRule = Rule{
	ID:          "data-directory-lost-found",
	Summary:     "A database has its data directory at the root of a claim of a block driver, where a new ext4 file system has lost+found.",
	Kinds:       podKinds,
	Action:      Warn,
	Symptom:     "initdb: error: directory \"/var/lib/postgresql/data\" exists but is not empty; it contains a lost+found directory",
	Remediation: "mount the claim with a subPath, or set PGDATA to a directory below the mount",
	NeedsLookup: true,
	Check:       dataDirectoryLostFound,
}

// dataDirectoryLostFound fires on a claim that is mounted, as a whole, at the data directory of a database, if its class's driver makes file
// systems on devices, as ext4, which is also what most of them do where no fsType is given.
func dataDirectoryLostFound(in *Input) []Finding {
	if in.Lookup == nil {
		return nil
	}
	var fresh map[string]bool
	var found []Finding
	eachMount(in.Object, func(m mount) {
		db := databaseOf(m.container.Image)
		if db == nil || path.Clean(m.MountPath) != db.directory || m.SubPath != "" || m.SubPathExpr != "" || m.container.list != "containers" {
			return
		}
		if db.variable != "" {
			for i := range m.container.Env {
				if e := &m.container.Env[i]; e.Name == db.variable && (e.ValueFrom != nil || path.Clean(e.Value) != db.directory) {
					return
				}
			}
			if len(m.container.EnvFrom) > 0 {
				return
			}
		}
		if fresh == nil {
			fresh = freshFileSystems(in)
		}
		if !fresh[m.Name] {
			return
		}
		f := Finding{
			Path:    m.path().Child("mountPath"),
			Message: fmt.Sprintf("container %q has its data directory %s at the root of claim volume %q, which has lost+found in it", m.container.Name, db.directory, m.Name),
		}
		if db.variable == "" {
			f.Symptom = "the database does not initialise a directory that is not empty, or takes lost+found for a database"
			f.Remediation = "mount the claim with a subPath"
		}
		found = append(found, f)
	})
	return found
}

func databaseOf(image string) *database {
	name := image[strings.LastIndexByte(image, '/')+1:]
	name, _, _ = strings.Cut(name, "@")
	name, _, _ = strings.Cut(name, ":")
	for _, other := range notDatabases {
		if strings.Contains(image, other) {
			return nil
		}
	}
	for i := range databases {
		for _, known := range databases[i].images {
			if strings.Contains(name, known) {
				return &databases[i]
			}
		}
	}
	return nil
}

// freshFileSystems are the pod's volumes for which a new ext4 file system is made.
func freshFileSystems(in *Input) map[string]bool {
	fresh := map[string]bool{}
	for _, v := range claimVolumes(in) {
		var class string
		switch {
		case v.template != nil:
			c, ok := v.template.classOrDefault(in.Lookup)
			if !ok || v.template.spec.VolumeName != "" || v.template.volumeMode() == corev1.PersistentVolumeBlock {
				continue
			}
			class = c.Name
		case v.claim != nil && v.claim.VolumeName == "" && !v.claim.Block:
			class = v.claim.Class
		default:
			continue
		}
		fresh[v.name] = makesExt4(in, class)
	}
	return fresh
}

func makesExt4(in *Input, name string) bool {
	class, ok := in.Lookup.StorageClass(name)
	if !ok {
		return false
	}
	driver, known := in.Catalog.Driver(class.Provisioner)
	if !known || driver.Kind != catalog.CSI || driver.Block.Support != catalog.Supported || driver.Name == "zfs.csi.openebs.io" {
		return false
	}
	for key, value := range class.Parameters {
		if k := strings.ToLower(key); k == "fstype" || k == "csi.storage.k8s.io/fstype" {
			return strings.HasPrefix(strings.ToLower(value), "ext")
		}
	}
	return true
}
