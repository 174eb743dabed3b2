"""What the shop asks votes for."""

CATALOGUE = {
    "pizza": "🍕",
    "taco": "🌮",
    "sushi": "🍣",
    "doughnut": "🍩",
    "ramen": "🍜",
    "cookie": "🍪",
    "cherry": "🍒",
    "avocado": "🥑",
}
