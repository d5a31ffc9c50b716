/**
 * A connector written by hand: a class with the four methods of the contract and nothing else. A hub takes it as it is.
 * Because it does not say what its operations do, they count as writes that must not be repeated.
 */
import { BaseConnector, ConnectorError, type Health } from "busbar";

interface InventoryConfig {
  readonly warehouse: string;
  readonly stock?: Readonly<Record<string, number>>;
}

export class LegacyInventory extends BaseConnector {
  readonly #warehouse: string;
  readonly #initial: Readonly<Record<string, number>>;
  #stock: Map<string, number> | undefined;

  constructor(config: InventoryConfig) {
    super(config);
    this.#warehouse = config.warehouse;
    this.#initial = config.stock ?? {};
  }

  override get isConnected(): boolean {
    return this.#stock !== undefined;
  }

  override async connect(): Promise<void> {
    this.#stock ??= new Map(Object.entries(this.#initial));
  }

  override async disconnect(): Promise<void> {
    this.#stock = undefined;
  }

  override async execute(operation: string, params: { item?: string; amount?: number } = {}): Promise<unknown> {
    if (this.#stock === undefined) throw new ConnectorError("not_connected", "Connector not connected");
    const { item = "", amount = 0 } = params;
    const left = (this.#stock.get(item) ?? 0) - amount;
    switch (operation) {
      case "count":
        return { item, warehouse: this.#warehouse, count: this.#stock.get(item) ?? 0 };
      case "take":
        if (left < 0) throw new ConnectorError("conflict", "Not enough in stock");
        this.#stock.set(item, left);
        return { item, warehouse: this.#warehouse, count: left };
      default:
        throw new ConnectorError("unsupported", `Unknown operation: ${operation}`);
    }
  }

  override async healthCheck(): Promise<Health> {
    const status = this.isConnected ? "healthy" : "unhealthy";
    return { status, connected: this.isConnected, timestamp: new Date().toISOString() };
  }
}
