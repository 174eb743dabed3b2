// What `make check` demands of JavaScript beyond its types: view/page/tsconfig.json has those.

import js from "@eslint/js";
import globals from "globals";

const rules = {
  eqeqeq: "error",
  "array-callback-return": "error",
  "consistent-return": "error",
  "no-else-return": "error",
  "no-implicit-globals": "error",
  "no-lonely-if": "error",
  "no-new-wrappers": "error",
  "no-param-reassign": "error",
  "no-self-compare": "error",
  "no-shadow": ["error", { builtinGlobals: false }],
  "no-template-curly-in-string": "error",
  "no-throw-literal": "error",
  "no-unmodified-loop-condition": "error",
  "no-unreachable-loop": "error",
  "no-unused-vars": ["error", { args: "all", argsIgnorePattern: "^_" }],
  "no-use-before-define": ["error", { functions: false, variables: false }],
  "no-useless-concat": "error",
  "no-var": "error",
  "object-shorthand": "error",
  "prefer-const": "error",
  "prefer-template": "error",
  "require-atomic-updates": "error",
  // Names of processes hold control characters, and the page replaces them.
  "no-control-regex": "off",
  // Markup made of text is how names of hosts would become scripts.
  "no-restricted-properties": [
    "error",
    ...["innerHTML", "outerHTML", "insertAdjacentHTML"].map((property) => ({ property })),
  ],
};

export default [
  { ignores: ["view/page/vendor/**", "node_modules/**"] },
  js.configs.recommended,
  { rules, linterOptions: { reportUnusedDisableDirectives: "error" } },
  { files: ["view/page/*.js"], languageOptions: { globals: globals.browser } },
  { files: ["view/page/{early,theme}.js"], languageOptions: { sourceType: "script" } },
  { files: ["tests/**/*.{js,mjs}"], languageOptions: { globals: globals.node } },
];
