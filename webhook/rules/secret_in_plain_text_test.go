// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// hunter is a value that must not be seen in any finding.
const hunter = "Hunter2-Hunter2-Hunter2"

func TestSecretInPlainText(t *testing.T) {
	runRule(t, "secret-in-plain-text", []ruleCase{
		{
			name: "a password parameter", reason: "everybody may read classes", action: Deny, manifest: classWith(`smbPassword: ` + hunter),
			want: []string{`parameters[smbPassword]: parameter smbPassword holds a credential in plain text`},
		},
		{
			name: "heketi's key", reason: "the classic glusterfs example", action: Deny, manifest: classWith(`resturl: "http://127.0.0.1:8081", restuser: admin, restuserkey: password`),
			want: []string{`parameters[restuserkey]: parameter restuserkey holds a credential in plain text`},
		},
		{
			name: "a URL with a password", reason: "the shape tells, whatever the key", action: Deny, manifest: classWith(`endpoint: "https://admin:` + hunter + `@storage.example:8443/"`),
			want: []string{`parameters[endpoint]: parameter endpoint holds a credential in plain text`},
		},
		{
			name: "a private key", reason: "the shape tells, whatever the key", action: Deny, manifest: classWith(`cert: "-----BEGIN EC PRIVATE KEY-----\nabc"`),
			want: []string{`parameters[cert]: parameter cert holds a credential in plain text`},
		},
		{
			name: "a generated token", reason: "an ambiguous key and an unambiguous value", action: Deny, manifest: classWith(`token: ghp0AbCdEf12GhIjKl34`),
			want: []string{`parameters[token]: parameter token holds a credential in plain text`},
		},
		{
			name: "cifs mount options", reason: "also in the node's mount table", action: Deny,
			manifest: strings.Replace(classWith(`source: //nas/share`), "provisioner:", `mountOptions: [dir_mode=0777, "username=u,password=`+hunter+`"], provisioner:`, 1),
			want:     []string{`mountOptions[1]: mount option password holds a credential in plain text`},
		},
		{
			name: "a PersistentVolume's attributes and options", reason: "everybody who may read volumes", action: Deny,
			manifest: volumeOf("mountOptions: [secret="+hunter+"], csi: {driver: d, volumeHandle: v, volumeAttributes: {share: x, storage-account-key: "+hunter+"}}", "ReadWriteMany", ""),
			want: []string{
				`spec.csi.volumeAttributes[storage-account-key]: volume attribute storage-account-key holds a credential in plain text`,
				`spec.mountOptions[0]: mount option secret holds a credential in plain text`,
			},
		},
		{
			name: "an inline volume", reason: "pods are the tenant's own: a warning", action: Warn,
			manifest: podWithVolume(`{name: keys, csi: {driver: csi.cert-manager.io, volumeAttributes: {csi.cert-manager.io/pkcs12-password: ` + hunter + `}}}, {name: f, flexVolume: {driver: a/cifs, options: {passwd: ` + hunter + `}}}`),
			want: []string{
				`spec.volumes[0].csi.volumeAttributes[csi.cert-manager.io/pkcs12-password]: volume "keys": attribute csi.cert-manager.io/pkcs12-password holds a credential in plain text`,
				`spec.volumes[1].flexVolume.options[passwd]: volume "f": flexVolume option passwd holds a credential in plain text`,
			},
		},

		{name: "a secret by name", reason: "what should be done", manifest: classWith(`csi.storage.k8s.io/provisioner-secret-name: db-password, csi.storage.k8s.io/provisioner-secret-namespace: n, adminSecretName: s, secretName: smb-password`)},
		{name: "azure switches", reason: "a boolean is no key", manifest: classWith(`storeAccountKey: "false", getLatestAccountKey: "true", storageAccount: acct, secretNamespace: default`)},
		{name: "encryption keys by reference", reason: "an identifier, in another service", manifest: classWith(`kmsKeyId: "arn:aws:kms:eu-west-1:111122223333:key/0AbC", disk-encryption-kms-key: projects/p/locations/l/keyRings/r/cryptoKeys/k, encryptionKMSID: vault-tokens`)},
		{name: "a file's path", reason: "on the node", manifest: classWith(`passwordFile: /etc/pw, password: /run/secrets/pw`)},
		{name: "a template", reason: "filled in later", manifest: classWith(`password: "${SMB_PASSWORD}", token: "{{ .Values.token }}"`)},
		{name: "an entry of a secret", reason: "an ambiguous key with an ordinary name", manifest: classWith(`secretKey: username, token: storage-token-2026-production, apiToken: ""`)},
		{name: "a URL without a password", reason: "a user name is none", manifest: classWith(`resturl: "http://admin@127.0.0.1:8081/x:y@z"`)},
		{name: "cifs credentials", reason: "a path on the node", manifest: strings.Replace(classWith(`a: b`), "provisioner:", `mountOptions: [credentials=/etc/smb, sec=ntlmssp, passwd_file=/etc/s3], provisioner:`, 1)},
		{name: "the secrets store", reason: "it names a class of secrets", manifest: podWithVolume(`{name: s, csi: {driver: secrets-store.csi.k8s.io, readOnly: true, volumeAttributes: {secretProviderClass: app, usePodIdentity: "false"}}}`)},
		{name: "cert-manager", reason: "switches and file names", manifest: podWithVolume(`{name: s, csi: {driver: csi.cert-manager.io, volumeAttributes: {csi.cert-manager.io/reuse-private-key: "true", csi.cert-manager.io/privatekey-file: tls.key}}}`)},
		{
			name: "a volume that its driver has just made", reason: "to refuse it leaks the volume",
			manifest: volumeOf("csi: {driver: d, volumeHandle: v, volumeAttributes: {password: "+hunter+"}}", "ReadWriteMany", ", annotations: {pv.kubernetes.io/provisioned-by: d}"),
		},
	})
}

func TestSecretInConfigMap(t *testing.T) {
	configMap := func(data string) string {
		return `{apiVersion: v1, kind: ConfigMap, metadata: {name: app}, data: {` + data + `}}`
	}
	runRule(t, "secret-in-plain-text", []ruleCase{
		{
			name: "a password among settings", reason: "a Secret can be mounted in the same way", action: Warn, asWritten: true,
			manifest: configMap("DB_HOST: db, DB_PASSWORD: " + hunter), want: []string{"data[DB_PASSWORD]: entry DB_PASSWORD holds a credential in plain text"},
		},
		{
			name: "a URL with a password", reason: "whatever the key", action: Warn, asWritten: true,
			manifest: configMap(`DATABASE_URL: "postgres://app:` + hunter + `@db/app"`), want: []string{"data[DATABASE_URL]: entry DATABASE_URL holds a credential in plain text"},
		},
		{
			name: "a private key in a file", reason: "whatever the key", action: Warn, asWritten: true,
			manifest: configMap(`id_rsa: "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"`),
			want:     []string{"data[id_rsa]: entry id_rsa holds a credential in plain text"},
		},
		{name: "settings", reason: "what ConfigMaps are for", asWritten: true, manifest: configMap(`LOG_LEVEL: info, DB_PASSWORD_FILE: /run/secrets/db, PASSWORD_POLICY: "true"`)},
		{name: "a certificate", reason: "is public", asWritten: true, manifest: configMap(`ca.crt: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"`)},
		{name: "a file with its own form", reason: "what is in it is somebody else's language", asWritten: true, manifest: configMap(`app.yaml: "password: ${DB_PASSWORD}\n"`)},
		{name: "a name for a secret", reason: "by reference", asWritten: true, manifest: configMap("adminPasswordSecret: grafana-admin, token: vault-token")},
	})
}

func TestNoFindingShowsACredential(t *testing.T) {
	e, err := NewEvaluator(EvaluatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, manifest := range []string{
		classWith(`password: ` + hunter + `, url: "https://u:` + hunter + `@h/"`),
		strings.Replace(classWith(`a: b`), "provisioner:", `mountOptions: ["pass=`+hunter+`"], provisioner:`, 1),
		volumeOf("csi: {driver: d, volumeHandle: v, volumeAttributes: {password: "+hunter+"}}", "ReadWriteMany", ""),
		podWithVolume(`{name: f, flexVolume: {driver: a/cifs, options: {password: ` + hunter + `}}}`),
		`{apiVersion: storage.k8s.io/v1, kind: VolumeAttributesClass, metadata: {name: c}, driverName: d, parameters: {apiPassword: ` + hunter + `}}`,
	} {
		kind, obj := decode(t, manifest)
		found := e.Evaluate(context.Background(), Question{Kind: kind, Object: obj, Lookup: cluster, AsWritten: true}).Findings
		if len(found) == 0 {
			t.Errorf("nothing was found in %s", manifest)
		}
		if told := fmt.Sprintf("%+v", found); strings.Contains(told, hunter) {
			t.Errorf("a finding shows the credential: %s", told)
		}
	}
}
