import tseslint from "typescript-eslint";

/** What only some files may do, and why nobody else may. */
const TIME = "Time comes from a Clock (core/clock.ts), so that tests can turn its hands.";

export default tseslint.config(
  { ignores: ["dist/", "build/", "node_modules/", ".cache/"] },
  { linterOptions: { reportUnusedDisableDirectives: "error", reportUnusedInlineConfigs: "error" } },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { project: ["./tsconfig.check.json"], tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      "@typescript-eslint/consistent-type-imports": [
        "error",
        { fixStyle: "inline-type-imports", disallowTypeAnnotations: false },
      ],
      "@typescript-eslint/consistent-type-exports": "error",
      "no-restricted-syntax": [
        "error",
        {
          selector: "ExportNamedDeclaration > FunctionDeclaration:not([returnType])",
          message: "An exported function says what it answers.",
        },
        {
          selector:
            'MethodDefinition[kind="method"]:not([key.type="PrivateIdentifier"]) > FunctionExpression:not([returnType])',
          message: "A method says what it answers.",
        },
      ],
      "@typescript-eslint/no-deprecated": "error",
      // What is caught or given as an abort's reason is passed on as it is.
      "@typescript-eslint/only-throw-error": ["error", { allowThrowingAny: true, allowThrowingUnknown: true }],
      "@typescript-eslint/prefer-promise-reject-errors": [
        "error",
        { allowThrowingAny: true, allowThrowingUnknown: true },
      ],
      "@typescript-eslint/prefer-readonly": "error",
      "@typescript-eslint/return-await": ["error", "error-handling-correctness-only"],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", ignoreRestSiblings: true }],
      // A handler or a contract's method is async by its type, whether or not this one waits.
      "@typescript-eslint/require-await": "off",
      // `{}` is the type of a zod object without fields.
      "@typescript-eslint/no-empty-object-type": ["error", { allowObjectTypes: "always" }],
      "@typescript-eslint/no-restricted-types": ["error", { types: { Function: "Write the signature." } }],
    },
  },
  {
    files: ["**/*.{ts,js,mjs}"],
    rules: {
      eqeqeq: "error",
      "no-console": "error",
      "no-debugger": "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-param-reassign": "error",
      "no-unreachable": "error",
      "no-unsafe-finally": "error",
      "no-self-assign": "error",
      "no-useless-catch": "error",
      "no-var": "error",
      "object-shorthand": ["error", "properties"],
      "prefer-const": "error",
    },
  },
  {
    files: ["src/**/*.ts"],
    ignores: ["src/core/{clock,timer-lists}.ts", "src/testkit/**", "**/*.test.ts"],
    rules: {
      "no-restricted-globals": ["error", { name: "setTimeout", message: TIME }, { name: "setInterval", message: TIME }],
      "no-restricted-properties": ["error", { object: "Date", property: "now", message: TIME }],
    },
  },
  {
    files: [
      "src/surfaces/cli/**/*.ts",
      "src/testkit/**/*.ts",
      "scripts/**",
      "bench/**",
      "examples/**",
      "test/chaos/run.ts",
    ],
    rules: { "no-console": "off" },
  },
  {
    files: ["**/*.test.ts", "test/**/*.ts", "src/contracts/*/behaviour.ts", "src/contracts/*/behaviour/**"],
    rules: {
      // Deprecated for channels that nobody else holds; ours live as long as the module.
      "@typescript-eslint/no-deprecated": "off",
      // A test looks into what came back on purpose, whatever its type says.
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-call": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
      "@typescript-eslint/no-unsafe-return": "off",
      "@typescript-eslint/unbound-method": "off",
      "no-restricted-syntax": "off",
    },
  },
  {
    files: ["**/*.types.ts"],
    rules: {
      "@typescript-eslint/no-floating-promises": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "no-restricted-syntax": "off",
    },
  },
);
