// crdcheck judges resources as an API server does: schema, defaults, CEL rules and their cost.
//
// Flow     crdcheck CRD.yaml... <objects.json: a list of objects in, a list of lists of findings out
// Failure  A definition that an API server would refuse, or a kind without one, ends it with 1.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	v1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	resource "k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	numbers "k8s.io/apimachinery/pkg/util/json"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"
)

// Definition is what an API server keeps of a CustomResourceDefinition.
type Definition struct {
	schema *schema.Structural
	fields resource.SchemaCreateValidator
	rules  *cel.Validator
}

// Finding is one reason to refuse an object.
type Finding struct {
	Path string `json:"path"`
	Rule string `json:"rule"`
}

func load(path string) (string, *Definition, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", nil, err
	}
	given := &v1.CustomResourceDefinition{}
	if err := yaml.UnmarshalStrict(text, given); err != nil {
		return "", nil, err
	}
	v1.SetDefaults_CustomResourceDefinition(given)
	v1.SetDefaults_CustomResourceDefinitionSpec(&given.Spec)
	crd := &apiextensions.CustomResourceDefinition{}
	err = v1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(given, crd, nil)
	if err != nil {
		return "", nil, err
	}
	crd.Status.StoredVersions = []string{crd.Spec.Versions[0].Name}
	if errs := validation.ValidateCustomResourceDefinition(context.Background(), crd); len(errs) > 0 {
		return "", nil, errs.ToAggregate()
	}
	given.Status.StoredVersions = nil
	props := &apiextensions.JSONSchemaProps{}
	err = v1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(
		given.Spec.Versions[0].Schema.OpenAPIV3Schema, props, nil)
	if err != nil {
		return "", nil, err
	}
	structural, err := schema.NewStructural(props)
	if err != nil {
		return "", nil, err
	}
	fields, _, err := resource.NewSchemaValidator(props)
	if err != nil {
		return "", nil, err
	}
	rules := cel.NewValidator(structural, true, celconfig.PerCallLimit)
	return given.Spec.Names.Kind, &Definition{structural, fields, rules}, nil
}

func (d *Definition) judge(object map[string]any) []Finding {
	findings := []Finding{}
	pruned := pruning.PruneWithOptions(object, d.schema, true,
		schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	for _, path := range pruned {
		findings = append(findings, Finding{path, "unknown field"})
	}
	defaulting.Default(object, d.schema)
	errs := resource.ValidateCustomResource(nil, object, d.fields)
	if len(errs) == 0 {
		errs, _ = d.rules.Validate(context.Background(), nil, d.schema, object, nil,
			celconfig.RuntimeCELCostBudget)
	}
	for _, err := range errs {
		findings = append(findings, Finding{err.Field, err.Detail})
	}
	return findings
}

func run() error {
	definitions := map[string]*Definition{}
	for _, path := range os.Args[1:] {
		kind, definition, err := load(path)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		definitions[kind] = definition
	}
	var objects []map[string]any
	text, err := io.ReadAll(os.Stdin)
	if err == nil {
		err = numbers.Unmarshal(text, &objects) // whole numbers stay whole
	}
	if err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	answers := [][]Finding{}
	for i, object := range objects {
		kind, _ := object["kind"].(string)
		definition := definitions[kind]
		if definition == nil {
			return fmt.Errorf("object %d: no definition of kind %q", i, kind)
		}
		answers = append(answers, definition.judge(object))
	}
	return json.NewEncoder(os.Stdout).Encode(answers)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "crdcheck:", err)
		os.Exit(1)
	}
}
